//! Deletes objects that are no longer in the source, or whose Kustomization goes away.

use kube::api::DeleteParams;
use serde_json::Value;

use crate::controllers::cluster::{Cluster, Identity};

/// Deletes `objects`, which are in the order of applying, backwards. Returns the lines that tell it, or what was
/// deleted before a failure and the failure.
pub(super) async fn delete(
    cluster: &Cluster,
    objects: &[Identity],
    owner: (&str, &str),
) -> Result<Vec<Identity>, (Vec<Identity>, String)> {
    let mut deleted = Vec::new();
    let mut failures = Vec::new();
    for identity in objects.iter().rev() {
        let Some(found) = cluster.read(identity).await else { continue };
        if !is_owned(&found, owner) || is_kept(&found) {
            continue;
        }
        // A kind that is not served any more has no objects.
        let Ok(api) = cluster.api(identity).await else { continue };
        match api.delete(&identity.name, &DeleteParams::background()).await {
            Ok(_) => deleted.push(identity.clone()),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(kube::Error::Api(status)) => {
                failures.push(format!("{identity} delete failed: {}", status.message));
            }
            Err(error) => failures.push(format!("{identity} delete failed: {error}")),
        }
    }
    if failures.is_empty() { Ok(deleted) } else { Err((deleted, failures.join("; "))) }
}

/// The lines that tell what was deleted.
pub(super) fn log(deleted: &[Identity]) -> String {
    deleted.iter().map(|identity| format!("{identity} deleted")).collect::<Vec<_>>().join("\n")
}

fn is_owned(object: &Value, (namespace, name): (&str, &str)) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["kustomize.toolkit.fluxcd.io/name"] == name
        && labels["kustomize.toolkit.fluxcd.io/namespace"] == namespace
}

fn is_kept(object: &Value) -> bool {
    ["labels", "annotations"].iter().any(|field| {
        let says = |key: &str, value: &str| {
            object["metadata"][field][format!("kustomize.toolkit.fluxcd.io/{key}")] == value
        };
        says("prune", "disabled") || says("reconcile", "disabled")
    })
}
