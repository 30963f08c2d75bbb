//! What differs between two states of an object, as sets of fields.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field_set::is_whole;
use super::fields::Fields;
use super::step::Step;
use crate::apiserver::types::Schema;

/// The fields that are only in the new state, only in the old one, or in both with different values.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Only in the new state.
    pub added: Fields,
    /// Only in the old state.
    pub removed: Fields,
    /// In both, with different values.
    pub modified: Fields,
}

/// Compares two states.
pub(super) fn compare(schema: &Schema, old: &Value, new: &Value) -> Comparison {
    let mut result = Comparison::default();
    walk(schema, Some(old), Some(new), &mut result);
    result
}

impl Comparison {
    /// The fields that were written.
    pub(super) fn written(&self) -> Fields {
        self.added.clone().union(&self.modified)
    }
}

fn walk(schema: &Schema, old: Option<&Value>, new: Option<&Value>, at: &mut Comparison) {
    let whole = |value: Option<&Value>| value.is_none_or(|value| is_whole(schema, value) && !value.is_null());
    let nothing = |value: Option<&Value>| value.is_none_or(Value::is_null);
    let leaf = match (old, new) {
        (Some(old), Some(new)) if old.is_null() || new.is_null() => {
            (old.is_null() && new.is_null()) || (whole(Some(old)) || whole(Some(new)))
        }
        (Some(old), Some(new)) => {
            is_whole(schema, old) || is_whole(schema, new) || old.is_object() != new.is_object()
        }
        (old, new) => old.or(new).is_none_or(|value| is_whole(schema, value)),
    };
    if leaf {
        match (old, new) {
            (None, Some(_)) => at.added.set_member(),
            (Some(_), None) => at.removed.set_member(),
            (Some(old), Some(new)) if old != new => at.modified.set_member(),
            _ => {}
        }
        return;
    }
    if old.is_some_and(Value::is_array) || new.is_some_and(Value::is_array) {
        walk_items(schema, old, new, at);
    } else {
        walk_fields(schema, old, new, at);
    }
    if old.is_none() && !nothing(new) {
        at.added.set_member();
    } else if new.is_none() && !nothing(old) {
        at.removed.set_member();
    }
}

fn walk_fields(schema: &Schema, old: Option<&Value>, new: Option<&Value>, at: &mut Comparison) {
    let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
    let any = Schema::any();
    for (name, old) in old.into_iter().flatten() {
        let field = schema.field(name).unwrap_or(&any);
        below(field, Step::Field(name.clone()), Some(old), new.and_then(|new| new.get(name)), at);
    }
    for (name, new) in new.into_iter().flatten() {
        if old.is_none_or(|old| !old.contains_key(name)) {
            below(schema.field(name).unwrap_or(&any), Step::Field(name.clone()), None, Some(new), at);
        }
    }
}

fn walk_items(schema: &Schema, old: Option<&Value>, new: Option<&Value>, at: &mut Comparison) {
    let items = |list: Option<&'_ Value>| -> BTreeMap<Step, Value> {
        let items = list.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| Some((Step::to_item(schema, item).ok()??, item.clone()))).collect()
    };
    let (old, new) = (items(old), items(new));
    for (step, old) in &old {
        below(schema.items(), step.clone(), Some(old), new.get(step), at);
    }
    for (step, new) in new.iter().filter(|(step, _)| !old.contains_key(step)) {
        below(schema.items(), step.clone(), None, Some(new), at);
    }
}

fn below(schema: &Schema, step: Step, old: Option<&Value>, new: Option<&Value>, at: &mut Comparison) {
    let mut inner = Comparison::default();
    walk(schema, old, new, &mut inner);
    at.added.attach(step.clone(), inner.added);
    at.removed.attach(step.clone(), inner.removed);
    at.modified.attach(step, inner.modified);
}
