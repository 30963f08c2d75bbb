//! What the newest revision of each source is, so that what is built from it follows at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Kind, namespace and name of a source.
pub(super) type Key = (String, String, String);

/// What was last seen of each source. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Revisions {
    known: Arc<Mutex<HashMap<Key, String>>>,
}

impl Revisions {
    /// Takes note of a source; returns whether it is new.
    pub(super) fn note(&self, key: &Key, revision: String) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key.clone(), revision.clone()).as_ref() != Some(&revision)
    }

    /// What was last seen.
    pub(super) fn get(&self, key: &Key) -> Option<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}
