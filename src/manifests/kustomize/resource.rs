//! A resource during a build: its object, and what it was called before.

use serde_json::{Map, Value};

use super::identity::Identity;

/// An object on its way through the transformers.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) object: Value,
    /// What it was called before; references and patches may still use these names.
    pub(super) former: Vec<Identity>,
    /// Whether its name gets a suffix made from its contents.
    pub(super) needs_hash: bool,
    /// Labels that were set in several places at once, by key, with the paths of these places.
    pub(super) shared: Vec<(String, Vec<&'static str>)>,
    /// The vars that are of this object.
    pub(super) vars: Vec<String>,
}

impl Resource {
    pub(super) fn new(object: Value) -> Self {
        Self { object, former: Vec::new(), needs_hash: false, shared: Vec::new(), vars: Vec::new() }
    }

    pub(super) fn identity(&self) -> Identity {
        Identity::of(&self.object)
    }

    /// What it is called now and was called before, the newest first.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> + '_ {
        std::iter::once(self.identity()).chain(self.former.iter().rev().cloned())
    }

    /// Changes the object and remembers its former name where that changes.
    pub(super) fn rename(&mut self, change: impl FnOnce(&mut Value)) {
        let before = self.identity();
        change(&mut self.object);
        if before != self.identity() {
            self.former.push(before);
        }
    }

    /// Sets `metadata.<field>`.
    pub(super) fn set_metadata(&mut self, field: &str, value: &str) {
        self.rename(|object| {
            if let Some(metadata) = child(object, "metadata") {
                metadata.insert(field.to_owned(), value.into());
            }
        });
    }
}

/// The map below `field`, made where it is missing; nothing where something else is there.
pub(super) fn child<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    let fields = object.as_object_mut()?;
    let value = fields.entry(field).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}
