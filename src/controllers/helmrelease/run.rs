//! Starts the helm controller.

use tokio_util::sync::CancellationToken;

use crate::controllers::Context;

/// Runs the helm controller until `shutdown`.
pub async fn run_helm_controller(_context: Context, shutdown: CancellationToken) {
    shutdown.cancelled().await;
}
