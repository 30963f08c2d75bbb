//! Starts the reconciler of `HelmRepository`.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::fetch::Repositories;
use crate::controllers::{Context, runner, source::Driver};
use crate::objects::flux::HelmRepository;

/// Reconciles all `HelmRepositories` until `shutdown`.
pub(in crate::controllers) async fn run_helm_repositories(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<HelmRepository>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let reconciler = Arc::new(Driver::new(Repositories::new(context.clone()), context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
