//! Starts the reconciler of GitRepository.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::reconcile;
use crate::controllers::{Context, runner};
use crate::objects::flux::GitRepository;

/// Reconciles all `GitRepositories` until `shutdown`.
pub(in crate::controllers) async fn run_git_repositories(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<GitRepository>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let reconciler = Arc::new(reconcile::Source::new(context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
