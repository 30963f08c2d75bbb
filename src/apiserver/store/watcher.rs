//! Follows the changes of one resource from a revision on, without gaps, each once and in order.

use std::sync::Arc;

use tokio::sync::watch;

use super::memory::Store;
use super::shelf::Change;

/// So many changes are taken at once.
const BATCH: usize = 256;

/// The revision asked for is older than what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// What was asked for.
    pub(crate) asked: u64,
    /// The oldest that would do.
    pub(crate) oldest: u64,
}

/// A position in the changes of one resource.
pub(crate) struct Watcher {
    pub(super) store: Arc<Store>,
    pub(super) resource: Arc<str>,
    pub(super) position: u64,
    pub(super) changed: watch::Receiver<()>,
}

impl Watcher {
    /// Waits for the next changes; at least one. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self) -> Result<Vec<Arc<Change>>, Expired> {
        loop {
            self.changed.borrow_and_update();
            let changes = self.ready()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            if self.changed.changed().await.is_err() {
                // The store is gone, and with it every change to come.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes what is there already, and moves on to the revision that is then complete.
    pub(crate) fn ready(&mut self) -> Result<Vec<Arc<Change>>, Expired> {
        let (changes, position) = self.store.changes_since(&self.resource, self.position, BATCH)?;
        self.position = position;
        Ok(changes)
    }

    /// Everything up to this revision has been taken.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }
}
