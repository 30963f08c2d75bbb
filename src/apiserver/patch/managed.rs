//! The bookkeeping of who owns which field for every write but server-side apply.

use serde_json::{Map, Value, json};

use super::compare::compare;
use super::fields::Fields;
use super::owners::{self, Operation, Owner};
use crate::apiserver::types::{Schema, Shape};

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    /// The `fieldManager` of the request, or what stands for it: the user agent up to its first slash.
    pub manager: &'a str,
    /// The subresource that is written to, such as `status`.
    pub subresource: Option<&'a str>,
    /// The version that is written in, such as `apps/v1`.
    pub api_version: &'a str,
    /// Now, in RFC 3339 with whole seconds.
    pub time: &'a str,
}

impl Writer<'_> {
    pub(super) fn owner(&self, operation: Operation, fields: Fields) -> Owner {
        Owner {
            manager: self.manager.to_owned(),
            operation,
            api_version: self.api_version.to_owned(),
            subresource: self.subresource.map(str::to_owned),
            time: Some(self.time.to_owned()),
            fields,
        }
    }
}

/// Writes `metadata.managedFields` of `new`, which a create, update or patch by `writer` made of `old`.
/// Both states have their defaults.
pub(crate) fn update(old: Option<&Value>, new: &mut Value, schema: &Schema, writer: &Writer<'_>) {
    if is_reset(new) {
        remove(new);
        return;
    }
    let mut owners = owners::read(new);
    if owners.is_empty() {
        owners = old.map(owners::read).unwrap_or_default();
    }
    remove(new);
    let before = match old {
        Some(old) => {
            let mut old = old.clone();
            remove(&mut old);
            old
        }
        None => unwritten(schema),
    };
    let comparison = compare(schema, &before, new);
    let written = strip(&comparison.written());
    let mut own = writer.owner(Operation::Update, Fields::default());
    let former = owners.iter().position(|owner| owner.is_same(&own)).map(|place| owners.remove(place));
    for owner in &mut owners {
        owner.fields = owner.fields.difference(&comparison.removed).difference(&written);
    }
    let fields = former.as_ref().map(|former| former.fields.clone()).unwrap_or_default();
    own.fields = fields.difference(&comparison.removed).union(&written);
    if let Some(former) = former.filter(|former| former.fields == own.fields && written.is_empty()) {
        own.time = former.time;
    }
    owners.push(own);
    owners::write(new, owners);
}

/// Whether the writer wants the bookkeeping to begin anew, which one empty entry says.
fn is_reset(object: &Value) -> bool {
    object.pointer("/metadata/managedFields") == Some(&json!([{}]))
}

/// Takes the bookkeeping out of an object.
pub(super) fn remove(object: &mut Value) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.shift_remove("managedFields");
    }
}

/// The set without the fields that nobody owns.
pub(super) fn strip(set: &Fields) -> Fields {
    let unowned = json!({
        "f:apiVersion": {},
        "f:kind": {},
        "f:metadata": {
            ".": {},
            "f:name": {},
            "f:namespace": {},
            "f:creationTimestamp": {},
            "f:selfLink": {},
            "f:uid": {},
            "f:clusterName": {},
            "f:generation": {},
            "f:managedFields": {},
            "f:resourceVersion": {},
        },
    });
    set.difference(&Fields::parse(&unowned))
}

/// What a built-in object is before anything is written to it: the structures and values that are never absent.
fn unwritten(schema: &Schema) -> Value {
    let mut fields = Map::new();
    if let Shape::Object(object) = schema.shape() {
        for (name, field) in &object.fields {
            let required = object.required.contains(name);
            let list = matches!(field.shape(), Shape::List(_) | Shape::Map(_));
            // Some times are written even where there is none; those of metadata are not.
            let time = matches!(field.shape(), Shape::Time) && !name.ends_with("ionTimestamp");
            // What custom kinds have as a default was written by nobody, but it is owned by who makes the object.
            if field.place().rules.is_some() {
                continue;
            }
            match &field.place().default {
                Some(Value::Object(_)) => {
                    fields.insert(name.to_string(), unwritten(field));
                }
                Some(default) => {
                    fields.insert(name.to_string(), default.clone());
                }
                None if required && list || time => {
                    fields.insert(name.to_string(), Value::Null);
                }
                None => {}
            }
        }
    }
    Value::Object(fields)
}
