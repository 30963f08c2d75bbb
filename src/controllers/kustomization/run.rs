//! Starts the kustomize controller.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::{reconcile, sources};
use crate::controllers::{Context, runner};
use crate::objects::flux::{GitRepository, Kustomization, OCIRepository};

/// Runs the kustomize controller until `shutdown`.
pub async fn run_kustomize_controller(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let controller =
        Controller::new(kube::Api::<Kustomization>::all(client.clone()), watcher::Config::default());
    let sources = sources::Sources::default();
    let (git, oci) = ((controller.store(), sources.clone()), (controller.store(), sources.clone()));
    let repositories = kube::Api::<GitRepository>::all(client.clone());
    let artifacts = kube::Api::<OCIRepository>::all(client.clone());
    let controller = controller
        .watches(repositories, watcher::Config::default(), move |source| {
            let artifact = source.status.as_ref().and_then(|status| status.artifact.as_ref());
            git.1.dependents(&source, artifact, &git.0)
        })
        .watches(artifacts, watcher::Config::default(), move |source| {
            let artifact = source.status.as_ref().and_then(|status| status.artifact.as_ref());
            oci.1.dependents(&source, artifact, &oci.0)
        });
    let reconciler = Arc::new(reconcile::Kustomize::new(context, sources));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
