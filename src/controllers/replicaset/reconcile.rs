//! Makes and deletes Pods until there are as many as wanted, and tells how many there are.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::SelectorExt as _;
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, claim, controller_of, drive, is_active};
use super::pods::{dispensable_first, new_pod};
use super::status::{Refusal, status};

const COMPONENT: &str = "replicaset-controller";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<ReplicaSet>::all(context.client.clone()), all());
    let sets = controller.store();
    let controller =
        controller.watches(Api::<Pod>::all(context.client.clone()), all(), move |pod| sets_of(&sets, &pod));
    drive(controller, reconcile, context, shutdown).await;
}

/// The set that controls a Pod, or those that may adopt it.
fn sets_of(sets: &Store<ReplicaSet>, pod: &Pod) -> Vec<ObjectRef<ReplicaSet>> {
    let namespace = pod.namespace().unwrap_or_default();
    if let Some(owner) = controller_of(pod) {
        let ours = owner.kind == "ReplicaSet" && owner.api_version == "apps/v1";
        return if ours { vec![ObjectRef::new(&owner.name).within(&namespace)] } else { Vec::new() };
    }
    let matches = |set: &Arc<ReplicaSet>| {
        let selector = set.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
        set.namespace().as_deref() == Some(&namespace)
            && kube::core::Selector::try_from(selector)
                .is_ok_and(|selector| !selector.selects_all() && selector.matches(pod.labels()))
    };
    sets.state().iter().filter(|set| matches(set)).map(|set| ObjectRef::from_obj(set.as_ref())).collect()
}

async fn reconcile(seen: Arc<ReplicaSet>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let api = Api::<ReplicaSet>::namespaced(context.client.clone(), &namespace);
    let Some(mut set) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let selector = set.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    let mut pods = claim::<_, Pod>(&context.client, &set, &selector).await?;
    pods.retain(is_active);
    let managed = if set.metadata.deletion_timestamp.is_none() {
        manage(&context, &set, &mut pods.clone()).await
    } else {
        Ok(())
    };
    let refusal = managed.as_ref().err().map(|(refusal, _)| refusal);
    let (status, next) = status(&set, &pods, refusal, Timestamp::now());
    if set.status.as_ref() != Some(&status) {
        set.status = Some(status);
        api.replace_status(&set.name_any(), &PostParams::default(), &set).await?;
    }
    managed.map_err(|(_, error)| error)?;
    Ok(next.map_or_else(Action::await_change, Action::requeue))
}

async fn manage(context: &Context, set: &ReplicaSet, pods: &mut [Pod]) -> Result<(), (Refusal, kube::Error)> {
    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let wanted = usize::try_from(wanted).unwrap_or_default();
    let api = Api::<Pod>::namespaced(context.client.clone(), &set.namespace().unwrap_or_default());
    for _ in pods.len()..wanted {
        match api.create(&PostParams::default(), &new_pod(set)).await {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.name_any());
                context.recorder.normal(COMPONENT, set.object_ref(&()), "SuccessfulCreate", message);
            }
            Err(error) => return Err(refuse(context, set, "FailedCreate", "Error creating", error)),
        }
    }
    if pods.len() > wanted {
        dispensable_first(pods);
        for pod in &pods[..pods.len() - wanted] {
            let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
            let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
            match api.delete(&pod.name_any(), &parameters).await {
                Ok(_) => {
                    let message = format!("Deleted pod: {}", pod.name_any());
                    context.recorder.normal(COMPONENT, set.object_ref(&()), "SuccessfulDelete", message);
                }
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                Err(error) => return Err(refuse(context, set, "FailedDelete", "Error deleting", error)),
            }
        }
    }
    Ok(())
}

fn refuse(
    context: &Context,
    set: &ReplicaSet,
    reason: &'static str,
    what: &str,
    error: kube::Error,
) -> (Refusal, kube::Error) {
    let message = match &error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    };
    context.recorder.warning(COMPONENT, set.object_ref(&()), reason, format!("{what}: {message}"));
    (Refusal { reason, message }, error)
}
