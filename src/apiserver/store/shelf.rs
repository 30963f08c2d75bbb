//! The objects of one resource, and its latest changes: what a watch continues from, and what a list at an earlier
//! revision is computed from.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

/// So many changes are kept for watches that fall behind.
const RING_CHANGES: usize = 1024;
/// And so many bytes of objects in them.
const RING_BYTES: usize = 4 * 1024 * 1024;

/// Names one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// `<plural>.<group>`, or the plural alone for the core group.
    pub(crate) resource: Arc<str>,
    /// Empty for what is in no namespace.
    pub(crate) namespace: Arc<str>,
    /// The object's name.
    pub(crate) name: Arc<str>,
}

impl Key {
    /// A key from its parts.
    pub(crate) fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// An object as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// The write that made it so.
    pub(crate) revision: u64,
    /// The whole object, its `metadata.resourceVersion` included.
    pub(crate) json: Bytes,
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// The object was not there before.
    Created,
    /// It was.
    Updated,
    /// It is gone now.
    Deleted,
}

/// One write.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) key: Key,
    pub(crate) revision: u64,
    /// The new state; of a deletion the last one, with the deletion's revision.
    pub(crate) json: Bytes,
    /// The state before.
    pub(crate) before: Option<Object>,
}

/// Where an object stands on its shelf: namespace, then name.
pub(crate) type Place = (Arc<str>, Arc<str>);

/// One resource.
pub(super) struct Shelf {
    pub(super) objects: BTreeMap<Place, Object>,
    /// The latest changes, oldest first.
    pub(super) ring: VecDeque<Arc<Change>>,
    ring_bytes: usize,
    /// The newest revision whose change is not in the ring any more.
    pub(super) floor: u64,
    /// Tells watches that there is something new.
    pub(super) changed: watch::Sender<()>,
}

impl Shelf {
    /// An empty shelf, in a store that was opened at `floor`.
    pub(super) fn new(floor: u64) -> Self {
        let (changed, _) = watch::channel(());
        Self { objects: BTreeMap::new(), ring: VecDeque::new(), ring_bytes: 0, floor, changed }
    }

    /// The objects of one namespace, or all, in order.
    pub(super) fn range<'a>(
        &'a self,
        namespace: Option<&'a str>,
    ) -> Box<dyn Iterator<Item = (&'a Place, &'a Object)> + 'a> {
        match namespace {
            None => Box::new(self.objects.iter()),
            Some(namespace) => {
                let first: Place = (namespace.into(), "".into());
                Box::new(self.objects.range(first..).take_while(move |((own, _), _)| **own == *namespace))
            }
        }
    }

    /// Records a change, and wakes the watches.
    pub(super) fn record(&mut self, change: Arc<Change>) {
        self.ring_bytes += cost(&change);
        self.ring.push_back(change);
        while self.ring.len() > RING_CHANGES || (self.ring_bytes > RING_BYTES && self.ring.len() > 1) {
            if let Some(oldest) = self.ring.pop_front() {
                self.ring_bytes -= cost(&oldest);
                self.floor = oldest.revision;
            }
        }
        self.changed.send_replace(());
    }

    /// The changes after `revision`, oldest first.
    pub(super) fn since(&self, revision: u64) -> impl DoubleEndedIterator<Item = &Arc<Change>> {
        let first = self.ring.partition_point(|change| change.revision <= revision);
        self.ring.range(first..)
    }
}

fn cost(change: &Change) -> usize {
    change.json.len() + 256
}
