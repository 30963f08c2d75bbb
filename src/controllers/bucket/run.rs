//! Starts the reconciler of `Bucket`.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::fetch::Buckets;
use crate::controllers::{Context, runner, source::Driver};
use crate::objects::flux::Bucket;

/// Reconciles all `Buckets` until `shutdown`.
pub(in crate::controllers) async fn run_buckets(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<Bucket>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let reconciler = Arc::new(Driver::new(Buckets, context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
