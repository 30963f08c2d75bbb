//! The controller of Receiver, and the door that webhooks knock at.
//! <https://fluxcd.io/flux/components/notification/receivers/>

mod hook;
mod reconcile;
mod signature;

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

pub use hook::receiver_router;

use super::{Context, runner};
use crate::objects::flux::Receiver;

/// Runs the notification controller until `shutdown`.
pub async fn run_notification_controller(context: Context, shutdown: CancellationToken) {
    let (client, clock) = (context.client.clone(), context.clock);
    let controller = Controller::new(kube::Api::<Receiver>::all(client.clone()), watcher::Config::default());
    let reconciler = Arc::new(reconcile::Receivers::new(context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
