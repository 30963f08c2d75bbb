//! Starts the notification controller.

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::reconcile;
use crate::controllers::{Context, runner};
use crate::objects::flux::Receiver;

/// Runs the notification controller until `shutdown`.
pub async fn run_notification_controller(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock.clone());
    let controller = Controller::new(kube::Api::<Receiver>::all(client.clone()), watcher::Config::default());
    let reconciler = Arc::new(reconcile::Receivers::new(context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
