//! Pods that outlive their Job are held by nobody: the finalizer that waits for their count is taken off.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, ResourceExt as _};

use super::super::workloads::{Context, controller_of, remove_finalizer};
use super::count::{TRACKING, is_tracked};

/// Works for as long as it is polled.
pub(super) async fn release(context: Arc<Context>) {
    let pods = Api::<Pod>::all(context.client.clone());
    let labelled = Config::default().labels("batch.kubernetes.io/job-name");
    let mut pods = watcher(pods, labelled).default_backoff().boxed();
    loop {
        match pods.try_next().await {
            Ok(Some(Event::Apply(pod) | Event::InitApply(pod))) if is_tracked(&pod) => {
                if let Err(error) = look(&context, &pod).await {
                    tracing::debug!(%error, pod = pod.name_any(), "the pod is still held");
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => tracing::debug!(%error, "pods of jobs are not seen"),
        }
    }
}

async fn look(context: &Context, pod: &Pod) -> Result<(), kube::Error> {
    let owner = controller_of(pod).filter(|owner| owner.kind == "Job");
    if let Some(owner) = owner {
        let api = Api::<Job>::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
        if api.get_opt(&owner.name).await?.is_some_and(|job| job.uid().as_ref() == Some(&owner.uid)) {
            return Ok(());
        }
    }
    remove_finalizer(context, pod, TRACKING).await
}
