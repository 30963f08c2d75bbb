//! One look at a volume: free, bound, or released.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::persistentvolumeclaim::PROVISIONED_BY;
use super::super::workloads::{Context, drive};

/// Keeps a volume for as long as a claim has it.
const PROTECTION: &str = "kubernetes.io/pv-protection";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<PersistentVolume>::all(context.client.clone()), all());
    let claims = Api::<PersistentVolumeClaim>::all(context.client.clone());
    let controller = controller.watches(claims, all(), |claim| {
        let name = claim.spec.as_ref()?.volume_name.as_deref().filter(|name| !name.is_empty())?;
        Some(ObjectRef::new(name))
    });
    drive(controller, reconcile, context, shutdown).await;
}

async fn reconcile(seen: Arc<PersistentVolume>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let api = Api::<PersistentVolume>::all(context.client.clone());
    let Some(volume) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let before = volume.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let spec = volume.spec.clone().unwrap_or_default();
    let phase = match &spec.claim_ref {
        None => "Available",
        Some(reference) => {
            let namespace = reference.namespace.clone().unwrap_or_default();
            let claims = Api::<PersistentVolumeClaim>::namespaced(context.client.clone(), &namespace);
            let claim = claims.get_opt(reference.name.as_deref().unwrap_or_default()).await?;
            match (&reference.uid, claim) {
                // Kept for a claim that has not come or has not taken it yet.
                (None, _) => "Available",
                (Some(uid), Some(claim)) if claim.uid().as_ref() == Some(uid) => "Bound",
                _ => "Released",
            }
        }
    };
    if volume.metadata.deletion_timestamp.is_some() {
        if phase != "Bound" {
            let_go(&api, &volume).await?;
        }
        return Ok(Action::await_change());
    }
    let made = volume.annotations().contains_key(PROVISIONED_BY);
    if phase == "Released" && made && spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete") {
        match api.delete(&volume.name_any(), &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            other => drop(other?),
        }
        return Ok(Action::await_change());
    }
    if phase != before {
        let patch = Patch::Merge(json!({ "status": { "phase": phase } }));
        api.patch_status(&volume.name_any(), &PatchParams::default(), &patch).await?;
    }
    Ok(Action::await_change())
}

/// Takes the finalizer off a volume that is deleted and that no claim has.
async fn let_go(api: &Api<PersistentVolume>, volume: &PersistentVolume) -> Result<(), kube::Error> {
    let rest = volume.finalizers().iter().filter(|one| *one != PROTECTION).collect::<Vec<_>>();
    if rest.len() == volume.finalizers().len() {
        return Ok(());
    }
    let patch = Patch::Merge(json!({ "metadata": { "finalizers": rest } }));
    match api.patch(&volume.name_any(), &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop),
    }
}
