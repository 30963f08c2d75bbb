//! What a reconciler of workloads is given, and how it is driven.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::Controller;
use kube::runtime::controller::Action;
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::Recorder;

/// When something refused is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// When something is tried again that somebody else had changed meanwhile.
const RETRY_CONFLICT: Duration = Duration::from_millis(20);

/// What reconcilers share.
pub(in super::super) struct Context {
    /// The API server, with the rights of a controller.
    pub(in super::super) client: Client,
    /// Takes Events.
    pub(in super::super) recorder: Recorder,
}

/// Runs one controller until `shutdown`, and lets what is under way come to its end.
pub(in super::super) async fn drive<K, Reconcile, Outcome>(
    controller: Controller<K>,
    reconcile: Reconcile,
    context: Arc<Context>,
    shutdown: &CancellationToken,
) where
    K: Resource<DynamicType: Debug + Clone + Eq + Hash + Unpin>
        + Clone
        + DeserializeOwned
        + Debug
        + Send
        + Sync
        + 'static,
    Reconcile: FnMut(Arc<K>, Arc<Context>) -> Outcome,
    Outcome: Future<Output = Result<Action, kube::Error>> + Send + 'static,
{
    let retry = |_: Arc<K>, error: &kube::Error, _: Arc<Context>| match error {
        kube::Error::Api(status) if status.code == 409 => Action::requeue(RETRY_CONFLICT),
        _ => Action::requeue(RETRY),
    };
    controller
        .graceful_shutdown_on(shutdown.clone().cancelled_owned())
        .run(reconcile, retry, context)
        .for_each(|result| async {
            if let Err(error) = result {
                tracing::debug!(%error, "to be reconciled again");
            }
        })
        .await;
}
