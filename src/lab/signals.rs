//! What stages that run side by side tell each other, beyond the order that [`crate::lab::Stage::after`] gives:
//! images come into nodes while `k3d` still waits for its cluster, which takes a third of the time of `up`.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use super::Error;

/// Each is given once in a run of the plan.
#[derive(Clone, Default)]
pub struct Signals {
    /// What was half-made of clusters is gone: nodes that run from now on are those that stay.
    pub(super) nodes: CancellationToken,
    /// The clusters are ready.
    pub(super) clusters: CancellationToken,
    /// A stage failed; nothing more is begun.
    pub(super) failed: CancellationToken,
}

impl Signals {
    /// Waits for a signal's giver.
    ///
    /// # Errors
    /// [`Error::Abandoned`] when a stage failed before.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            done = what => Ok(done),
            () = self.failed.cancelled() => Err(Error::Abandoned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_ends_every_wait() {
        let signals = Signals::default();
        let waiting = signals.wait(signals.nodes.cancelled());
        signals.failed.cancel();
        assert!(matches!(waiting.await, Err(Error::Abandoned)));
    }

    #[tokio::test]
    async fn what_was_said_before_is_heard() {
        let signals = Signals::default();
        signals.nodes.cancel();
        assert!(signals.wait(signals.nodes.cancelled()).await.is_ok());
    }
}
