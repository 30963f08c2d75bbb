//! The kinds that are served now: the built-in ones and those of the custom resource definitions in the store.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::Value;

use super::store::Store;
use super::types::{Kind, Registry};

/// Where definitions are stored.
pub(crate) const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// A kind that is served.
#[derive(Clone)]
pub(crate) enum Served {
    /// One that every cluster has.
    Builtin(&'static Kind),
    /// One that a definition brought.
    Custom(Arc<Kind>),
}

impl Deref for Served {
    type Target = Kind;

    fn deref(&self) -> &Kind {
        match self {
            Self::Builtin(kind) => kind,
            Self::Custom(kind) => kind,
        }
    }
}

impl Served {
    /// The name under which objects of this kind are stored: all versions together, and both kinds of events.
    pub(crate) fn storage(&self) -> String {
        storage(&self.group, &self.plural)
    }
}

/// The name under which a resource is stored.
pub(crate) fn storage(group: &str, plural: &str) -> String {
    match (group, plural) {
        ("", plural) | ("events.k8s.io", plural @ "events") => plural.to_owned(),
        (group, plural) => format!("{plural}.{group}"),
    }
}

/// All kinds.
pub(crate) struct Catalog {
    custom: RwLock<Arc<Vec<Arc<Kind>>>>,
    // Definitions come side by side: what was read first must not be put in place last.
    reading: Mutex<()>,
}

impl Catalog {
    /// The built-in kinds and those of the definitions in `store`.
    pub(crate) fn open(store: &Store) -> Self {
        let catalog = Self { custom: RwLock::default(), reading: Mutex::default() };
        catalog.reload(store);
        catalog
    }

    /// Reads the definitions again.
    pub(crate) fn reload(&self, store: &Store) {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kinds = Vec::new();
        for (place, object) in store.list(DEFINITIONS, None).1 {
            let read = serde_json::from_slice::<Value>(&object.json).map_err(|error| error.to_string());
            match read.and_then(|crd| Kind::from_crd(&crd).map_err(|error| error.to_string())) {
                Ok(versions) => kinds.extend(versions.into_iter().map(Arc::new)),
                Err(error) => tracing::warn!(definition = %place.1, error, "a definition is not served"),
            }
        }
        *self.custom.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(kinds);
    }

    fn custom(&self) -> Arc<Vec<Arc<Kind>>> {
        Arc::clone(&self.custom.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All kinds, the built-in ones first.
    pub(crate) fn kinds(&self) -> Vec<Served> {
        let builtin = Registry::builtin().kinds().iter().map(Served::Builtin);
        let custom = self.custom();
        builtin.chain(custom.iter().cloned().map(Served::Custom)).collect()
    }

    /// The kind of a URL.
    pub(crate) fn by_resource(&self, group: &str, version: &str, plural: &str) -> Option<Served> {
        if let Some(kind) = Registry::builtin().by_resource(group, version, plural) {
            return Some(Served::Builtin(kind));
        }
        let custom = self.custom();
        let found = custom
            .iter()
            .find(|kind| kind.plural == plural && kind.group == group && kind.version == version);
        found.cloned().map(Served::Custom)
    }

    /// Any version of what is stored under a name.
    pub(crate) fn by_storage(&self, resource: &str) -> Option<Served> {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let same = |kind: &Kind| kind.plural == plural && kind.group == group;
        let builtin = Registry::builtin().kinds().iter().find(|kind| same(kind)).map(Served::Builtin);
        builtin.or_else(|| self.custom().iter().find(|kind| same(kind)).cloned().map(Served::Custom))
    }

    /// The kind that an object says it is of.
    pub(crate) fn by_kind(&self, api_version: &str, kind: &str) -> Option<Served> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if let Some(found) = Registry::builtin().by_kind(group, version, kind) {
            return Some(Served::Builtin(found));
        }
        let custom = self.custom();
        let found =
            custom.iter().find(|own| own.kind == kind && own.group == group && own.version == version);
        found.cloned().map(Served::Custom)
    }

    /// Whether anything is served below `/apis/<group>/<version>`.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        let same = |kind: &Kind| kind.group == group && kind.version == version;
        Registry::builtin().kinds().iter().any(same) || self.custom().iter().any(|kind| same(kind))
    }
}
