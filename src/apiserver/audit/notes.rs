//! What handlers have to say about a request besides its answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::accounts::Identity;

/// Collects what is said; nothing, where nobody will read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Option<Arc<Mutex<Noted>>>);

#[derive(Clone, Debug, Default)]
pub(super) struct Noted {
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) acting: Option<Identity>,
    pub(super) name: String,
}

impl Notes {
    /// Notes that will be read.
    pub(super) fn open() -> Self {
        Self(Some(Arc::default()))
    }

    fn with(&self, change: impl FnOnce(&mut Noted)) {
        if let Some(noted) = &self.0 {
            change(&mut noted.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Adds an annotation; the first of a name stays.
    pub(crate) fn add(&self, key: String, value: String) {
        self.with(|noted| {
            noted.annotations.entry(key).or_insert(value);
        });
    }

    /// Says as whom the request acts.
    pub(crate) fn acting(&self, identity: &Identity) {
        self.with(|noted| noted.acting = Some(identity.clone()));
    }

    /// Says what a new object is called.
    pub(crate) fn name(&self, name: &str) {
        self.with(|noted| name.clone_into(&mut noted.name));
    }

    /// Everything so far.
    pub(super) fn read(&self) -> Noted {
        let mut read = Noted::default();
        self.with(|noted| read = noted.clone());
        read
    }
}
