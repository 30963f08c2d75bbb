//! The policies of the store with their bindings, compiled, and kept up to date by every write to them.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::Value;

use super::compile::{Compiled, compile};
use super::spec::{self, Binding};
use crate::apiserver::store::{Key, Store};

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

/// The index.
#[derive(Default)]
pub(crate) struct Policies {
    bound: RwLock<Arc<Vec<Bound>>>,
    // Policies come side by side: what was read first must not be put in place last.
    reading: Mutex<()>,
}

/// A policy and what binds it.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) policy: Arc<Compiled>,
    pub(super) bindings: Arc<Vec<Binding>>,
}

impl Policies {
    /// Reads the policies of the store.
    pub(crate) fn open(store: &Store) -> Self {
        let policies = Self::default();
        policies.reload(store);
        policies
    }

    /// Takes up what has become of an object.
    pub(crate) fn refresh(&self, store: &Store, key: &Key) {
        if matches!(&*key.resource, POLICIES | BINDINGS) {
            self.reload(store);
        }
    }

    fn reload(&self, store: &Store) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |resource: &str| -> Vec<Value> {
            let stored = store.list(resource, None).1;
            stored.iter().filter_map(|(_, object)| serde_json::from_slice(&object.json).ok()).collect()
        };
        let bindings: Vec<Binding> = read(BINDINGS).iter().map(spec::read).collect();
        let mut bound = Vec::new();
        for object in read(POLICIES) {
            let (policy, _) = compile(spec::read(&object));
            let name = &policy.policy.metadata.name;
            let own = bindings.iter().filter(|binding| binding.spec.policy_name == *name);
            let bindings: Vec<Binding> = own.cloned().collect();
            // A policy that nothing binds does nothing.
            if !bindings.is_empty() {
                bound.push(Bound { policy: Arc::new(policy), bindings: Arc::new(bindings) });
            }
        }
        *self.bound.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(bound);
    }

    pub(super) fn bound(&self) -> Arc<Vec<Bound>> {
        Arc::clone(&self.bound.read().unwrap_or_else(PoisonError::into_inner))
    }
}
