//! One look at an autoscaler and its target.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, drive};
use super::verdict::{Verdict, conditions, unmeasured, verdict};

const COMPONENT: &str = "horizontal-pod-autoscaler";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let client = || context.client.clone();
    let controller = Controller::new(Api::<HorizontalPodAutoscaler>::all(client()), all());
    let (one, two, three) = (controller.store(), controller.store(), controller.store());
    let controller = controller
        .watches(Api::<Deployment>::all(client()), all(), move |target| scalers_of(&one, &target))
        .watches(Api::<StatefulSet>::all(client()), all(), move |target| scalers_of(&two, &target))
        .watches(Api::<ReplicaSet>::all(client()), all(), move |target| scalers_of(&three, &target));
    drive(controller, reconcile, Arc::clone(&context), shutdown).await;
}

fn scalers_of<K: Resource<DynamicType = ()>>(
    scalers: &Store<HorizontalPodAutoscaler>,
    target: &K,
) -> Vec<ObjectRef<HorizontalPodAutoscaler>> {
    let is_target = |scaler: &&Arc<HorizontalPodAutoscaler>| {
        let wanted = scaler.spec.as_ref().map(|spec| &spec.scale_target_ref);
        scaler.namespace() == target.meta().namespace
            && wanted
                .is_some_and(|it| it.kind == K::kind(&()) && target.meta().name.as_ref() == Some(&it.name))
    };
    scalers.state().iter().filter(is_target).map(|scaler| ObjectRef::from_obj(scaler.as_ref())).collect()
}

async fn reconcile(seen: Arc<HorizontalPodAutoscaler>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let api = Api::<HorizontalPodAutoscaler>::namespaced(context.client.clone(), &namespace);
    let Some(mut scaler) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    if scaler.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let spec = scaler.spec.clone().unwrap_or_default();
    let scale =
        scale(&context, &namespace, &spec.scale_target_ref.kind, &spec.scale_target_ref.name, None).await;
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut status = scaler.status.clone().unwrap_or_default();
    let verdict = match &scale {
        Ok(scale) => {
            let replicas = scale.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
            status.current_replicas =
                Some(scale.status.as_ref().map(|status| status.replicas).unwrap_or_default());
            verdict(&spec, replicas)
        }
        Err(kube::Error::Api(refusal)) => Verdict::NoTarget(refusal.message.clone()),
        Err(_) => return Ok(Action::requeue(std::time::Duration::from_secs(1))),
    };
    if let Verdict::Rescale(size, _) = verdict {
        let target = &spec.scale_target_ref;
        self::scale(&context, &namespace, &target.kind, &target.name, Some(size)).await?;
        status.desired_replicas = size;
        status.last_scale_time = Some(Time(now));
    }
    let before = status.conditions.take().unwrap_or_default();
    status.conditions = Some(conditions(&spec, &verdict, &before, now));
    status.observed_generation = scaler.metadata.generation;
    if scaler.status.as_ref() != Some(&status) {
        tell(&context, &scaler, &verdict, &status);
        scaler.status = Some(status);
        api.replace_status(&scaler.name_any(), &PostParams::default(), &scaler).await?;
    }
    Ok(Action::await_change())
}

/// Tells what is new.
fn tell(
    context: &Context,
    scaler: &HorizontalPodAutoscaler,
    verdict: &Verdict,
    after: &HorizontalPodAutoscalerStatus,
) {
    let object = || scaler.object_ref(&());
    let conditions = |status: &HorizontalPodAutoscalerStatus| {
        let all = status.conditions.iter().flatten();
        all.map(|it| (it.type_.clone(), it.reason.clone())).collect::<Vec<_>>()
    };
    if let Verdict::Rescale(size, reason) = verdict {
        let message = format!("New size: {size}; reason: {reason}");
        context.recorder.normal(COMPONENT, object(), "SuccessfulRescale", message);
    }
    if scaler.status.as_ref().map(conditions).as_ref() == Some(&conditions(after)) {
        return;
    }
    let spec = scaler.spec.clone().unwrap_or_default();
    match verdict {
        Verdict::NoTarget(words) => {
            context.recorder.warning(COMPONENT, object(), "FailedGetScale", words.clone());
        }
        Verdict::Unmeasured => {
            let words = unmeasured(&spec);
            context.recorder.warning(COMPONENT, object(), "FailedGetResourceMetric", words.clone());
            let count = spec.metrics.as_ref().map_or(1, Vec::len);
            let message = format!(
                "invalid metrics ({count} invalid out of {count}), first error is: failed to get cpu resource metric value: {words}"
            );
            context.recorder.warning(COMPONENT, object(), "FailedComputeMetricsReplicas", message);
        }
        Verdict::Disabled | Verdict::Rescale(..) => {}
    }
}

/// The target's scale, after it was given a new size if there is one.
async fn scale(
    context: &Context,
    namespace: &str,
    kind: &str,
    name: &str,
    size: Option<i32>,
) -> Result<Scale, kube::Error> {
    let client = context.client.clone();
    match kind {
        "StatefulSet" => scale_of(Api::<StatefulSet>::namespaced(client, namespace), name, size).await,
        "ReplicaSet" => scale_of(Api::<ReplicaSet>::namespaced(client, namespace), name, size).await,
        _ => scale_of(Api::<Deployment>::namespaced(client, namespace), name, size).await,
    }
}

async fn scale_of<K: Clone + DeserializeOwned>(
    api: Api<K>,
    name: &str,
    size: Option<i32>,
) -> Result<Scale, kube::Error> {
    let Some(size) = size else { return api.get_scale(name).await };
    let patch = Patch::Merge(json!({ "spec": { "replicas": size } }));
    api.patch_scale(name, &PatchParams::default(), &patch).await
}
