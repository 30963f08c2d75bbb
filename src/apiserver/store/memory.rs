//! The store's state and its two operations: put and delete, each of which names the revision that it replaces.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::log::{Error, Log, Record};
use super::shelf::{Change, ChangeKind, Key, Object, Place, Shelf};
use super::watcher::{Expired, Watcher};

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// No object of this name.
    Absent,
    /// The object at this revision.
    Revision(u64),
}

/// Why a write was not made.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// There is such an object already.
    Exists,
    /// There is none.
    Absent,
    /// It has been changed meanwhile.
    Changed,
    /// The log cannot be written.
    Log(Error),
}

struct State {
    revision: u64,
    shelves: HashMap<Arc<str>, Shelf>,
    /// The revision at opening: changes up to it are not known.
    opened: u64,
    log: Log,
    live_bytes: u64,
    followers: Vec<mpsc::UnboundedSender<Arc<Change>>>,
}

/// All objects. Cheap operations: nothing here waits for anything but the lock and the log.
pub(crate) struct Store(RwLock<State>);

impl Store {
    /// Opens the store whose log is in `folder`, made when it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let mut revision = 0;
        let mut found: HashMap<Arc<str>, HashMap<Place, Object>> = HashMap::new();
        let log = Log::open(folder, |record| match record {
            Record::Put { key, revision: at, json } => {
                revision = revision.max(at);
                let kept = found.entry(key.resource).or_default();
                kept.insert((key.namespace, key.name), Object { revision: at, json });
            }
            Record::Delete { key, revision: at } => {
                revision = revision.max(at);
                if let Some(kept) = found.get_mut(&key.resource) {
                    kept.remove(&(key.namespace, key.name));
                }
            }
            Record::Revision(at) => revision = revision.max(at),
        })?;
        let mut live_bytes = 0;
        let shelves = found.into_iter().map(|(resource, objects)| {
            let mut kept = Shelf::new(revision);
            live_bytes += objects.values().map(|object| object.json.len() as u64).sum::<u64>();
            kept.objects.extend(objects);
            (resource, kept)
        });
        let shelves = shelves.collect();
        let state = State { revision, shelves, opened: revision, log, live_bytes, followers: Vec::new() };
        let store = Self(RwLock::new(state));
        store.write().compact_if_wasteful()?;
        Ok(store)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The revision of the latest write.
    pub(crate) fn revision(&self) -> u64 {
        self.read().revision
    }

    /// One object.
    pub(crate) fn get(&self, key: &Key) -> Option<Object> {
        let state = self.read();
        let kept = state.shelves.get(&key.resource)?;
        kept.objects.get(&(key.namespace.clone(), key.name.clone())).cloned()
    }

    /// The objects of a resource in one namespace, or all, in order, and the revision at which they were so.
    pub(crate) fn list(&self, resource: &str, namespace: Option<&str>) -> (u64, Vec<(Place, Object)>) {
        let state = self.read();
        let kept = state.shelves.get(resource);
        let items = kept.into_iter().flat_map(|kept| kept.range(namespace));
        let items = items.map(|(place, object)| (place.clone(), object.clone())).collect();
        (state.revision, items)
    }

    /// The same as they were at an earlier revision.
    pub(crate) fn list_at(
        &self,
        resource: &str,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<Vec<(Place, Object)>, Expired> {
        let state = self.read();
        let Some(kept) = state.shelves.get(resource) else {
            return if revision < state.opened {
                Err(Expired { asked: revision, oldest: state.opened })
            } else {
                Ok(Vec::new())
            };
        };
        if revision < kept.floor {
            return Err(Expired { asked: revision, oldest: kept.floor });
        }
        let mut items: std::collections::BTreeMap<Place, Object> =
            kept.range(namespace).map(|(place, object)| (place.clone(), object.clone())).collect();
        for change in kept.since(revision).rev() {
            if namespace.is_some_and(|namespace| *change.key.namespace != *namespace) {
                continue;
            }
            let place = (change.key.namespace.clone(), change.key.name.clone());
            match &change.before {
                Some(before) => items.insert(place, before.clone()),
                None => items.remove(&place),
            };
        }
        Ok(items.into_iter().collect())
    }

    /// Follows a resource from after `revision`.
    pub(crate) fn watch(self: &Arc<Self>, resource: &str, revision: u64) -> Result<Watcher, Expired> {
        let mut state = self.write();
        let opened = state.opened;
        let kept = state.shelves.entry(resource.into()).or_insert_with(|| Shelf::new(opened));
        if revision < kept.floor {
            return Err(Expired { asked: revision, oldest: kept.floor });
        }
        let changed = kept.changed.subscribe();
        Ok(Watcher { store: Arc::clone(self), resource: resource.into(), position: revision, changed })
    }

    /// The changes of a resource after `position`, at most `limit`, and the position after them.
    pub(super) fn changes_since(
        &self,
        resource: &str,
        position: u64,
        limit: usize,
    ) -> Result<(Vec<Arc<Change>>, u64), Expired> {
        let state = self.read();
        let Some(kept) = state.shelves.get(resource) else { return Ok((Vec::new(), state.revision)) };
        if position < kept.floor {
            return Err(Expired { asked: position, oldest: kept.floor });
        }
        let changes: Vec<_> = kept.since(position).take(limit).cloned().collect();
        let complete = changes.len() < limit;
        let position = if complete { state.revision } else { changes[limit - 1].revision };
        Ok((changes, position))
    }

    /// Every change of every resource from now on, and all objects as they are now.
    pub(crate) fn follow(&self) -> (Vec<(Key, Object)>, mpsc::UnboundedReceiver<Arc<Change>>) {
        let mut state = self.write();
        let (sender, receiver) = mpsc::unbounded_channel();
        state.followers.push(sender);
        let all = state.shelves.iter().flat_map(|(resource, kept)| {
            kept.objects.iter().map(|((namespace, name), object)| {
                let key =
                    Key { resource: resource.clone(), namespace: namespace.clone(), name: name.clone() };
                (key, object.clone())
            })
        });
        (all.collect(), receiver)
    }

    /// The names of the resources that have objects.
    pub(crate) fn resources(&self) -> Vec<Arc<str>> {
        let state = self.read();
        let used = state.shelves.iter().filter(|(_, kept)| !kept.objects.is_empty());
        used.map(|(resource, _)| resource.clone()).collect()
    }

    /// Writes an object; `render` makes its JSON for the write's revision.
    pub(crate) fn put(
        &self,
        key: &Key,
        expect: Expect,
        render: impl FnOnce(u64) -> Vec<u8>,
    ) -> Result<Object, Rejected> {
        let mut state = self.write();
        let before = state.expected(key, expect)?;
        let revision = state.revision + 1;
        let json = Bytes::from(render(revision));
        state
            .log
            .append(&Record::Put { key: key.clone(), revision, json: json.clone() })
            .map_err(Rejected::Log)?;
        let object = Object { revision, json };
        let kind = if before.is_some() { ChangeKind::Updated } else { ChangeKind::Created };
        state.commit(kind, key, &object, before);
        Ok(object)
    }

    /// Removes an object; `render` makes its last JSON, which watches see.
    pub(crate) fn delete(
        &self,
        key: &Key,
        revision: u64,
        render: impl FnOnce(u64) -> Vec<u8>,
    ) -> Result<Object, Rejected> {
        let mut state = self.write();
        let before = state.expected(key, Expect::Revision(revision))?;
        let revision = state.revision + 1;
        state.log.append(&Record::Delete { key: key.clone(), revision }).map_err(Rejected::Log)?;
        let object = Object { revision, json: Bytes::from(render(revision)) };
        state.commit(ChangeKind::Deleted, key, &object, before);
        Ok(object)
    }
}

impl State {
    fn expected(&self, key: &Key, expect: Expect) -> Result<Option<Object>, Rejected> {
        let place = (key.namespace.clone(), key.name.clone());
        let found = self.shelves.get(&key.resource).and_then(|kept| kept.objects.get(&place));
        match (expect, found) {
            (Expect::Absent, None) => Ok(None),
            (Expect::Absent, Some(_)) => Err(Rejected::Exists),
            (Expect::Revision(_), None) => Err(Rejected::Absent),
            (Expect::Revision(revision), Some(object)) if object.revision == revision => {
                Ok(Some(object.clone()))
            }
            (Expect::Revision(_), Some(_)) => Err(Rejected::Changed),
        }
    }

    fn commit(&mut self, kind: ChangeKind, key: &Key, object: &Object, before: Option<Object>) {
        let opened = self.opened;
        let revision = object.revision;
        let change = Arc::new(Change { kind, key: key.clone(), revision, json: object.json.clone(), before });
        let kept = self.shelves.entry(key.resource.clone()).or_insert_with(|| Shelf::new(opened));
        let place = (key.namespace.clone(), key.name.clone());
        self.live_bytes -= change.before.as_ref().map_or(0, |before| before.json.len() as u64);
        if kind == ChangeKind::Deleted {
            kept.objects.remove(&place);
        } else {
            self.live_bytes += object.json.len() as u64;
            kept.objects.insert(place, object.clone());
        }
        self.revision = object.revision;
        kept.record(Arc::clone(&change));
        self.followers.retain(|follower| follower.send(Arc::clone(&change)).is_ok());
        if let Err(error) = self.compact_if_wasteful() {
            // The write itself is in the old log, which stays in use.
            tracing::warn!(%error, "the log was not compacted");
        }
    }

    fn compact_if_wasteful(&mut self) -> Result<(), Error> {
        if !self.log.is_wasteful(self.live_bytes) {
            return Ok(());
        }
        let objects = self.shelves.iter().flat_map(|(resource, kept)| {
            kept.objects.iter().map(|((namespace, name), object)| {
                let key =
                    Key { resource: resource.clone(), namespace: namespace.clone(), name: name.clone() };
                Record::Put { key, revision: object.revision, json: object.json.clone() }
            })
        });
        self.log.rewrite(std::iter::once(Record::Revision(self.revision)).chain(objects))
    }
}
