//! The operator's Deployments decide which reconcilers work: one works exactly while its Deployment in flux-system
//! has a ready replica, so that scaling it to zero stops it, as on a real cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::Api;
use kube::runtime::{WatchStreamExt as _, watcher};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::controllers::{self, Context};

/// Where the operator lives.
pub(super) const NAMESPACE: &str = "flux-system";
/// The controller that is called by webhooks.
pub(super) const NOTIFICATION_CONTROLLER: &str = "notification-controller";

/// Whether the notification controller works: the webhooks' port refuses otherwise.
#[derive(Clone, Default)]
pub(super) struct Receiving(Arc<AtomicBool>);

impl Receiving {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

/// Starts and ends reconcilers by their Deployments until `shutdown`.
pub(super) async fn run(
    client: kube::Client,
    context: Context,
    receiving: Receiving,
    shutdown: CancellationToken,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    let api = Api::<Deployment>::namespaced(client, NAMESPACE);
    let changes = watcher(api, watcher::Config::default()).default_backoff();
    let mut changes = changes.take_until(shutdown.clone().cancelled_owned()).boxed();
    loop {
        let (name, ready) = match changes.try_next().await {
            Ok(Some(watcher::Event::Apply(deployment) | watcher::Event::InitApply(deployment))) => {
                let ready =
                    deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default();
                (deployment.metadata.name.unwrap_or_default(), ready > 0)
            }
            Ok(Some(watcher::Event::Delete(deployment))) => {
                (deployment.metadata.name.unwrap_or_default(), false)
            }
            Ok(Some(watcher::Event::Init | watcher::Event::InitDone)) => continue,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "the watch of the operator's Deployments starts again");
                continue;
            }
        };
        if ready && !running.contains_key(&name) {
            let end = shutdown.child_token();
            if let Some(work) = controller(&name, &context, end.clone()) {
                tracing::info!(controller = name, "starts");
                let task = tokio::spawn(work);
                running.insert(name.clone(), Running { shutdown: end, task });
            }
        } else if !ready && let Some(ended) = running.remove(&name) {
            tracing::info!(controller = name, "ends");
            ended.shutdown.cancel();
            let _ = ended.task.await;
        }
        receiving.0.store(running.contains_key(NOTIFICATION_CONTROLLER), Ordering::Relaxed);
    }
    for (_, ended) in running {
        ended.shutdown.cancel();
        let _ = ended.task.await;
    }
}

/// The reconcilers that the container of that Deployment would hold.
fn controller(name: &str, context: &Context, shutdown: CancellationToken) -> Option<BoxFuture<'static, ()>> {
    // Each acts as its own service account, as on any cluster: what it may do is written in the operator's manifest.
    let context = Context { client: (context.impersonate)(NAMESPACE, name), ..context.clone() };
    Some(match name {
        "source-controller" => Box::pin(controllers::run_source_controller(context, shutdown)),
        "kustomize-controller" => Box::pin(controllers::run_kustomize_controller(context, shutdown)),
        "helm-controller" => Box::pin(controllers::run_helm_controller(context, shutdown)),
        NOTIFICATION_CONTROLLER => Box::pin(controllers::run_notification_controller(context, shutdown)),
        _ => return None,
    })
}
