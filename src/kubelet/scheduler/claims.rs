//! The claims of a Pod: whether they keep it waiting, and the node that they tie it to.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

/// Where the volumes of a claim are, or are to be made.
const NODE: &str = "volume.kubernetes.io/selected-node";

/// How a Pod's claims stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// All have their volumes, or none is needed; they are on this node, if on any in particular.
    Ready(Option<String>),
    /// They get their volumes as soon as a node is chosen.
    Choose(Vec<String>),
    /// A volume is on its way.
    Waiting,
    /// Nothing can be done, in the scheduler's words.
    Refused(String),
}

/// All claims, by namespace and name.
pub(super) type Claims = BTreeMap<(String, String), PersistentVolumeClaim>;

/// Looks at the claims of a Pod. The class of those that wait for a node is asked for.
pub(super) async fn standing(client: &Client, claims: &Claims, pod: &Pod) -> Result<Standing, kube::Error> {
    let namespace = pod.namespace().unwrap_or_default();
    let (mut node, mut unbound, mut waiting) = (None, Vec::new(), false);
    for name in names(pod) {
        let Some(claim) = claims.get(&(namespace.clone(), name.clone())) else {
            return Ok(Standing::Refused(format!(r#"persistentvolumeclaim "{name}" not found"#)));
        };
        if claim.metadata.deletion_timestamp.is_some() {
            return Ok(Standing::Refused(format!(r#"persistentvolumeclaim "{name}" is being deleted"#)));
        }
        let chosen = claim.annotations().get(NODE).cloned();
        let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
        if phase == Some("Bound") {
            node = node.or(chosen);
            continue;
        }
        let class = claim.spec.as_ref().and_then(|spec| spec.storage_class_name.clone());
        match (chosen, class) {
            // The default class is given to it in a moment.
            (_, None) | (Some(_), _) => waiting = true,
            (None, Some(class)) => {
                // A claim without a class waits for a volume that somebody makes by hand.
                let class = match class.as_str() {
                    "" => None,
                    class => Api::<StorageClass>::all(client.clone()).get_opt(class).await?,
                };
                let mode = class.and_then(|class| class.volume_binding_mode);
                if mode.as_deref() != Some("WaitForFirstConsumer") {
                    let words = "pod has unbound immediate PersistentVolumeClaims";
                    return Ok(Standing::Refused(words.to_owned()));
                }
                unbound.push(name);
            }
        }
    }
    Ok(match (waiting, unbound.is_empty()) {
        (true, _) => Standing::Waiting,
        (false, true) => Standing::Ready(node),
        (false, false) => Standing::Choose(unbound),
    })
}

/// The claims that a Pod names.
fn names(pod: &Pod) -> Vec<String> {
    let volumes = pod.spec.iter().filter_map(|spec| spec.volumes.as_ref()).flatten();
    volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.clone())).collect()
}

/// Says where the volumes of claims are to be made.
pub(super) async fn choose_node(
    client: &Client,
    namespace: &str,
    names: &[String],
    node: &str,
) -> Result<(), kube::Error> {
    let api = Api::<PersistentVolumeClaim>::namespaced(client.clone(), namespace);
    for name in names {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": { NODE: node } } }));
        api.patch(name, &PatchParams::default(), &patch).await?;
    }
    Ok(())
}
