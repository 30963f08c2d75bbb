//! Which volume fits a claim, and a new one for it. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    HostPathVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, ObjectReference,
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec, VolumeNodeAffinity,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{Selector, SelectorExt as _};
use kube::{Resource as _, ResourceExt as _};

use super::class::PROVISIONER;
use crate::objects::parse_quantity;

/// Who made a volume.
pub(in super::super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";

/// What a claim asks for.
pub(super) fn requested(claim: &PersistentVolumeClaim) -> Quantity {
    let requests = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref()?.requests.as_ref());
    requests.and_then(|requests| requests.get("storage").cloned()).unwrap_or_default()
}

/// The smallest free volume that fits, or one that is kept for this claim.
pub(super) fn fitting<'a>(
    claim: &PersistentVolumeClaim,
    volumes: &'a [PersistentVolume],
) -> Option<&'a PersistentVolume> {
    let kept = volumes.iter().find(|volume| {
        volume.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref()).is_some_and(|it| refers(it, claim))
    });
    let mut free = volumes.iter().filter(|volume| fits(claim, volume)).collect::<Vec<_>>();
    free.sort_by_key(|volume| (size(volume), volume.name_any()));
    kept.or(free.first().copied())
}

/// Whether a volume's reference is to this claim; one that was written by hand has no uid.
pub(super) fn refers(reference: &ObjectReference, claim: &PersistentVolumeClaim) -> bool {
    reference.name == claim.metadata.name
        && reference.namespace == claim.metadata.namespace
        && reference.uid.as_ref().is_none_or(|uid| uid.is_empty() || Some(uid) == claim.metadata.uid.as_ref())
}

fn size(volume: &PersistentVolume) -> i128 {
    let capacity = volume.spec.as_ref().and_then(|spec| spec.capacity.as_ref());
    capacity.and_then(|capacity| parse_quantity(&capacity.get("storage")?.0)).unwrap_or_default()
}

fn fits(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let (Some(wanted), Some(given)) = (&claim.spec, &volume.spec) else { return false };
    let class = |name: &Option<String>| name.clone().unwrap_or_default();
    let mode = |name: &Option<String>| name.clone().unwrap_or_else(|| "Filesystem".to_owned());
    let modes = given.access_modes.clone().unwrap_or_default();
    let selected = wanted.selector.as_ref().is_none_or(|selector| {
        Selector::try_from(selector.clone()).is_ok_and(|selector| selector.matches(volume.labels()))
    });
    let released = volume.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Released");
    given.claim_ref.is_none()
        && !released
        && volume.metadata.deletion_timestamp.is_none()
        && class(&given.storage_class_name) == class(&wanted.storage_class_name)
        && mode(&given.volume_mode) == mode(&wanted.volume_mode)
        && wanted.access_modes.iter().flatten().all(|mode| modes.contains(mode))
        && size(volume) >= parse_quantity(&requested(claim).0).unwrap_or_default()
        && selected
}

/// A reference to a claim, for the volume that is bound to it.
pub(super) fn reference(claim: &PersistentVolumeClaim) -> ObjectReference {
    ObjectReference { resource_version: claim.resource_version(), ..claim.object_ref(&()) }
}

/// A volume for a claim on a node, as the provisioner of local-path makes it.
pub(super) fn volume(claim: &PersistentVolumeClaim, node: &str, reclaim: &str) -> PersistentVolume {
    let spec = claim.spec.clone().unwrap_or_default();
    let name = format!("pvc-{}", claim.uid().unwrap_or_default());
    let path = format!(
        "/var/lib/rancher/k3s/storage/{name}_{}_{}",
        claim.namespace().unwrap_or_default(),
        claim.name_any()
    );
    let on_node = NodeSelectorRequirement {
        key: "kubernetes.io/hostname".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_expressions: Some(vec![on_node]), ..NodeSelectorTerm::default() };
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(name),
            annotations: Some(BTreeMap::from([
                ("local.path.provisioner/selected-node".to_owned(), node.to_owned()),
                (PROVISIONED_BY.to_owned(), PROVISIONER.to_owned()),
            ])),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            access_modes: spec.access_modes,
            capacity: Some(BTreeMap::from([("storage".to_owned(), requested(claim))])),
            claim_ref: Some(reference(claim)),
            host_path: Some(HostPathVolumeSource { path, type_: Some("DirectoryOrCreate".to_owned()) }),
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector { node_selector_terms: vec![term] }),
            }),
            persistent_volume_reclaim_policy: Some(reclaim.to_owned()),
            storage_class_name: spec.storage_class_name,
            volume_mode: spec.volume_mode,
            ..PersistentVolumeSpec::default()
        }),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn offered(name: &str, size: &str, more: &Value) -> PersistentVolume {
        let mut spec = json!({ "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"], "storageClassName": "" });
        json_patch::merge(&mut spec, more);
        let metadata = json!({ "name": name, "labels": { "disk": name } });
        serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap()
    }

    #[test]
    fn smallest_volume_that_fits_is_taken() {
        let other = json!({ "claimRef": { "name": "other", "namespace": "app" } });
        let volumes = vec![
            offered("large", "10Gi", &json!({})),
            offered("tiny", "100Mi", &json!({})),
            offered("medium", "2Gi", &json!({})),
            offered("taken", "1Gi", &other),
            offered("shared", "1Gi", &json!({ "accessModes": ["ReadWriteMany"] })),
            offered("classy", "1Gi", &json!({ "storageClassName": "fast" })),
            offered("raw", "1Gi", &json!({ "volumeMode": "Block" })),
        ];
        let chosen = |name: &str, more: &Value| {
            let mut spec = json!({
                "accessModes": ["ReadWriteOnce"], "storageClassName": "",
                "resources": { "requests": { "storage": "1Gi" } },
            });
            json_patch::merge(&mut spec, more);
            let metadata = json!({ "name": name, "namespace": "app", "uid": "1" });
            let claim = serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap();
            fitting(&claim, &volumes).map(kube::ResourceExt::name_any)
        };
        let asks = |size: &str| json!({ "resources": { "requests": { "storage": size } } });
        let cases = [
            (chosen("data", &json!({})), Some("medium")),
            (chosen("data", &asks("3Gi")), Some("large")),
            (chosen("data", &asks("30Gi")), None),
            (chosen("other", &json!({})), Some("taken")),
            (chosen("data", &json!({ "accessModes": ["ReadWriteMany"] })), Some("shared")),
            (chosen("data", &json!({ "storageClassName": "fast" })), Some("classy")),
            (chosen("data", &json!({ "volumeMode": "Block" })), Some("raw")),
            (chosen("data", &json!({ "selector": { "matchLabels": { "disk": "large" } } })), Some("large")),
        ];
        for (number, (is, expected)) in cases.into_iter().enumerate() {
            assert_eq!(is.as_deref(), expected, "case {number}");
        }
    }
}
