//! `replicas`: counts by the name of a workload.

use super::Error;
use super::field_paths::visit;
use super::kustomization::Replicas;
use super::resource::Resource;

const KINDS: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];

/// Sets the counts; a name that no workload has is an error.
pub(super) fn set_replicas(resources: &mut [Resource], replicas: &[Replicas]) -> Result<(), Error> {
    for Replicas { name, count } in replicas {
        let mut found = false;
        for resource in resources.iter_mut() {
            let is_meant =
                resource.identities().any(|id| KINDS.contains(&id.kind.as_str()) && id.name == *name);
            if is_meant {
                visit(&mut resource.object, "spec/replicas", true, &mut |value| *value = (*count).into());
                found = true;
            }
        }
        if !found {
            let kinds = "Deployment.[noVer].[noGrp] ReplicationController.[noVer].[noGrp] ReplicaSet.[noVer].[noGrp] \
                         StatefulSet.[noVer].[noGrp]";
            return Err(Error::NoReplicas { name: name.clone(), kinds });
        }
    }
    Ok(())
}
