//! The fields that an object has, as far as they can have owners of their own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use super::step::Step;
use crate::apiserver::types::{ListKind, Schema, Shape};

/// Whether this value has one owner as a whole.
pub(super) fn is_whole(schema: &Schema, value: &Value) -> bool {
    match value {
        Value::Array(_) => *schema.list_kind() == ListKind::Atomic,
        Value::Object(_) => schema.is_atomic(),
        _ => true,
    }
}

/// The fields of `value`.
pub(super) fn field_set(schema: &Schema, value: &Value) -> Fields {
    let mut set = Fields::default();
    if is_whole(schema, value) {
        set.set_member();
        return set;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let field = schema.field(name);
                let mut below = field_set(field.unwrap_or(&Schema::any()), value);
                let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
                if value.is_null() || empty || !is_declared(schema, name) {
                    below.set_member();
                }
                set.attach(Step::Field(name.clone()), below);
            }
        }
        Value::Array(items) => {
            let mut counts: BTreeMap<Step, usize> = BTreeMap::new();
            for step in items.iter().filter_map(|item| Step::to_item(schema, item).ok()?) {
                *counts.entry(step).or_default() += 1;
            }
            for item in items {
                let Ok(Some(step)) = Step::to_item(schema, item) else { continue };
                // What is there twice is owned as one, without its parts.
                let twice = counts.get(&step).is_some_and(|count| *count > 1);
                let mut below = if twice { Fields::default() } else { field_set(schema.items(), item) };
                below.set_member();
                set.attach(step, below);
            }
        }
        _ => {}
    }
    set
}

/// Whether a field is one of a structure, as opposed to a key of a map.
pub(super) fn is_declared(schema: &Schema, name: &str) -> bool {
    matches!(schema.shape(), Shape::Object(object) if object.field(name).is_some())
}

/// The set with every declared field that leads to a member made a member too: whoever owns something in a
/// structure owns the structure.
pub(super) fn with_structures(schema: &Schema, set: &Fields) -> Fields {
    let mut wider = Fields::default();
    if set.is_member() {
        wider.set_member();
    }
    for (step, below) in set.children() {
        let (inner, declared) = match step {
            Step::Field(name) => (schema.field(name), is_declared(schema, name)),
            _ => (Some(schema.items()), false),
        };
        let mut child = with_structures(inner.unwrap_or(&Schema::any()), below);
        if declared && !below.is_empty() {
            child.set_member();
        }
        wider.attach(step.clone(), child);
    }
    wider
}
