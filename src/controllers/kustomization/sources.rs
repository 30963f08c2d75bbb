//! What the newest revision of each source is, so that Kustomizations follow at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt as _};
use tokio::sync::Notify;

use crate::controllers::revisions::Key;
use crate::objects::flux::{Artifact, Kustomization};

/// Revisions by kind, namespace and name of the source. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Sources {
    revisions: Arc<Mutex<HashMap<Key, String>>>,
    changed: Arc<Notify>,
}

impl Sources {
    /// Takes note of a source; returns the Kustomizations that have not tried its revision yet.
    pub(super) fn dependents<K: Resource<DynamicType = ()>>(
        &self,
        source: &K,
        artifact: Option<&Artifact>,
        store: &Store<Kustomization>,
    ) -> Vec<ObjectRef<Kustomization>> {
        let Some(revision) = artifact.map(|artifact| artifact.revision.clone()) else { return Vec::new() };
        let key = (K::kind(&()).into_owned(), source.namespace().unwrap_or_default(), source.name_any());
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        if revisions.insert(key.clone(), revision.clone()).as_ref() == Some(&revision) {
            return Vec::new();
        }
        self.changed.notify_waiters();
        let all = store.state();
        let dependents = all.iter().filter(|kustomization| source_of(kustomization) == key);
        dependents.map(|kustomization| ObjectRef::from_obj(kustomization.as_ref())).collect()
    }

    /// Waits until the source of a Kustomization has another revision than `revision`.
    pub(super) async fn overtakes(&self, kustomization: &Kustomization, revision: &str) {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // Registered before the look, so that no change is missed between the two.
            changed.as_mut().enable();
            if self.revision(kustomization).is_some_and(|newest| newest != revision) {
                return;
            }
            changed.await;
        }
    }

    /// The newest known revision of a Kustomization's source.
    pub(super) fn revision(&self, kustomization: &Kustomization) -> Option<String> {
        let key = source_of(kustomization);
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }
}

fn source_of(kustomization: &Kustomization) -> Key {
    let reference = &kustomization.spec.source_ref;
    let namespace = reference.namespace.clone().or_else(|| kustomization.namespace()).unwrap_or_default();
    (reference.kind.clone(), namespace, reference.name.clone())
}
