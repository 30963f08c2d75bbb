//! Starts the kustomize controller.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::{reconcile, sources};
use crate::controllers::{Context, runner};
use crate::objects::flux::{GitRepository, Kustomization};

/// Runs the kustomize controller until `shutdown`.
pub async fn run_kustomize_controller(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let controller =
        Controller::new(kube::Api::<Kustomization>::all(client.clone()), watcher::Config::default());
    let sources = sources::Sources::default();
    let (store, seen) = (controller.store(), sources.clone());
    let repositories = kube::Api::<GitRepository>::all(client.clone());
    let controller = controller.watches(repositories, watcher::Config::default(), move |repository| {
        seen.dependents(&repository, &store)
    });
    let reconciler = Arc::new(reconcile::Kustomize::new(context, sources));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
