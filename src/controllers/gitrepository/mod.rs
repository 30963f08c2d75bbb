//! The controller of GitRepository: looks at a repository, stores what it finds as an artifact.
//! <https://fluxcd.io/flux/components/source/gitrepositories/>

mod advertisement;
mod checkout;
mod error;
mod ignore;
mod reconcile;
mod reference;

use std::sync::Arc;

use kube::runtime::{Controller, watcher};
use tokio_util::sync::CancellationToken;

use super::{Context, runner};
use crate::objects::flux::GitRepository;

/// Runs the source controller until `shutdown`.
pub async fn run_source_controller(context: Context, shutdown: CancellationToken) {
    let api = kube::Api::<GitRepository>::all(context.client.clone());
    let controller = Controller::new(api, watcher::Config::default());
    let (client, clock) = (context.client.clone(), context.clock);
    let reconciler = Arc::new(reconcile::Source::new(context));
    runner::run(reconciler, controller, client, clock, shutdown).await;
}
