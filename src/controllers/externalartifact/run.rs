//! Starts the reconciler of `ExternalArtifact`.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::reconcile::Externals;
use crate::controllers::{Context, runner};
use crate::objects::flux::ExternalArtifact;

/// Reconciles all `ExternalArtifacts` until `shutdown`.
pub(in crate::controllers) async fn run_external_artifacts(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<ExternalArtifact>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let reconciler = Arc::new(Externals::new(context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
