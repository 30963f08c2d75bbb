//! Garbage collection by owner references: who belongs to whom, and what follows from an object's end.
//! <https://kubernetes.io/docs/concepts/architecture/garbage-collection/>

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::apiserver::meta::{self, Meta, Owner};
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{DeleteOptions, FOREGROUND, ORPHAN, Options, Part, Policy, Preconditions};

/// The owners of all objects, by uid.
#[derive(Default)]
pub(super) struct Graph {
    /// Owner's uid → who names it as owner.
    dependents: HashMap<String, BTreeSet<Key>>,
    /// Object → the owners that it names.
    owners: HashMap<Key, Vec<String>>,
}

impl Graph {
    /// Takes in what an object says of its owners now.
    pub(super) fn put(&mut self, key: &Key, meta: &Meta) {
        self.remove(key);
        let uids: Vec<_> = meta.owner_references.iter().map(|owner| owner.uid.clone()).collect();
        if uids.is_empty() {
            return;
        }
        for uid in &uids {
            self.dependents.entry(uid.clone()).or_default().insert(key.clone());
        }
        self.owners.insert(key.clone(), uids);
    }

    /// Forgets an object.
    pub(super) fn remove(&mut self, key: &Key) {
        for uid in self.owners.remove(key).unwrap_or_default() {
            if let Some(dependents) = self.dependents.get_mut(&uid) {
                dependents.remove(key);
                if dependents.is_empty() {
                    self.dependents.remove(&uid);
                }
            }
        }
    }

    fn dependents(&self, uid: &str) -> Vec<Key> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }

    /// An object is new or has changed.
    pub(super) fn changed(&self, server: &Server, key: &Key, meta: &Meta) {
        if meta.deletion_timestamp.is_some() {
            if meta.finalizers.iter().any(|finalizer| finalizer == FOREGROUND) {
                self.delete_dependents_first(server, key, meta);
            }
            if meta.finalizers.iter().any(|finalizer| finalizer == ORPHAN) {
                for dependent in self.dependents(&meta.uid) {
                    disown(server, &dependent, &[meta.uid.as_str()]);
                }
                remove_finalizer(server, key, ORPHAN);
            }
        }
        if !meta.owner_references.is_empty() {
            self.collect(server, key);
        }
    }

    /// An object is gone: those that belonged to it follow, and those that it belonged to may have waited for it.
    pub(super) fn deleted(&mut self, server: &Server, key: &Key, meta: &Meta) {
        self.remove(key);
        for dependent in self.dependents(&meta.uid) {
            self.collect(server, &dependent);
        }
        for owner in &meta.owner_references {
            let Some((owner_key, owner_meta)) = find(server, owner, &key.namespace) else { continue };
            if owner_meta.finalizers.iter().any(|finalizer| finalizer == FOREGROUND) {
                self.delete_dependents_first(server, &owner_key, &owner_meta);
            }
        }
    }

    /// Deletes an object when none of its owners is left; otherwise the ones that are gone are crossed out.
    fn collect(&self, server: &Server, key: &Key) {
        let Some(object) = server.store.get(key) else { return };
        let meta = Meta::of(&object.json);
        if meta.deletion_timestamp.is_some() {
            return;
        }
        let (mut solid, mut gone, mut waiting) = (0, Vec::new(), false);
        for owner in &meta.owner_references {
            match find(server, owner, &key.namespace) {
                Some((_, owner_meta)) => {
                    let foreground = owner_meta.finalizers.iter().any(|finalizer| finalizer == FOREGROUND);
                    if owner_meta.deletion_timestamp.is_some() && foreground {
                        waiting = true;
                        gone.push(owner.uid.as_str());
                    } else {
                        solid += 1;
                    }
                }
                None if is_known(server, owner) => gone.push(owner.uid.as_str()),
                // An owner of a kind that is not served cannot be looked for, and counts as there.
                None => solid += 1,
            }
        }
        if gone.is_empty() {
            return;
        }
        if solid > 0 {
            disown(server, key, &gone);
            return;
        }
        let has_dependents = !self.dependents(&meta.uid).is_empty();
        let policy = if waiting && has_dependents { Policy::Foreground } else { Policy::Background };
        let Some(kind) = server.catalog.by_storage(&key.resource) else { return };
        let options = DeleteOptions {
            propagation_policy: Some(policy),
            preconditions: Preconditions { uid: Some(meta.uid), resource_version: None },
            ..DeleteOptions::default()
        };
        let target = Target::object(kind, &key.namespace, &key.name);
        report(key, "collect", server.delete(&target, &options).err());
    }

    /// Deletes what an object owns, and lets the object go when nothing holds it up any more.
    fn delete_dependents_first(&self, server: &Server, key: &Key, meta: &Meta) {
        let mut blocked = false;
        for dependent in self.dependents(&meta.uid) {
            let Some(object) = server.store.get(&dependent) else { continue };
            let owners = Meta::of(&object.json).owner_references;
            blocked |= owners.iter().any(|owner| owner.uid == meta.uid && owner.block_owner_deletion);
            self.collect(server, &dependent);
        }
        if !blocked
            || self.dependents(&meta.uid).iter().all(|dependent| server.store.get(dependent).is_none())
        {
            remove_finalizer(server, key, FOREGROUND);
        }
    }
}

/// The owner that a reference names, if it is the same object still.
fn find(server: &Server, owner: &Owner, namespace: &str) -> Option<(Key, Meta)> {
    let kind = server.catalog.by_kind(&owner.api_version, &owner.kind)?;
    let key = Target::object(kind, namespace, &owner.name).key();
    let meta = Meta::of(&server.store.get(&key)?.json);
    (meta.uid == owner.uid).then_some((key, meta))
}

fn is_known(server: &Server, owner: &Owner) -> bool {
    server.catalog.by_kind(&owner.api_version, &owner.kind).is_some()
}

fn disown(server: &Server, key: &Key, uids: &[&str]) {
    edit(server, key, |object| {
        let owners = meta::of_mut(object).get_mut("ownerReferences").and_then(Value::as_array_mut);
        if let Some(owners) = owners {
            owners.retain(|owner| !uids.iter().any(|uid| owner["uid"] == **uid));
        }
    });
}

fn remove_finalizer(server: &Server, key: &Key, finalizer: &str) {
    edit(server, key, |object| {
        let finalizers = meta::of_mut(object).get_mut("finalizers").and_then(Value::as_array_mut);
        if let Some(finalizers) = finalizers {
            finalizers.retain(|own| *own != json!(finalizer));
        }
    });
}

fn edit(server: &Server, key: &Key, change: impl Fn(&mut Value)) {
    let Some(kind) = server.catalog.by_storage(&key.resource) else { return };
    let target = Target::object(kind, &key.namespace, &key.name);
    let written = server.modify(&target, Part::Main, &Options::internal(), |old| {
        let mut new = old.clone();
        change(&mut new);
        Ok(new)
    });
    report(key, "edit", written.err());
}

fn report(key: &Key, what: &str, refusal: Option<crate::apiserver::status::Status>) {
    if let Some(status) = refusal.filter(|status| !status.is_not_found()) {
        let (resource, name) = (&key.resource, &key.name);
        tracing::warn!(what, %resource, %name, message = status.message(), "garbage stays");
    }
}
