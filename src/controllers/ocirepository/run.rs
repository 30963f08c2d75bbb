//! Starts the reconciler of `OCIRepository`.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::fetch::Oci;
use crate::controllers::{Context, runner, source::Driver};
use crate::objects::flux::OCIRepository;

/// Reconciles all `OCIRepositories` until `shutdown`.
pub(in crate::controllers) async fn run_oci_repositories(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<OCIRepository>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let reconciler = Arc::new(Driver::new(Oci::new(context.clone()), context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
