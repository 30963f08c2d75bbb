//! Putting an applied object over the live one, and taking fields out of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::field_set::is_whole;
use super::fields::Fields;
use super::step::Step;
use crate::apiserver::types::Schema;

/// The live value with the applied one over it.
pub(super) fn merged(schema: &Schema, live: &Value, applied: &Value) -> Value {
    if is_whole(schema, applied) || is_whole(schema, live) {
        return applied.clone();
    }
    match (live, applied) {
        (Value::Object(live), Value::Object(applied)) => {
            let mut fields = live.clone();
            for (name, value) in applied {
                let field = schema.field(name);
                let value = match (fields.get(name), field) {
                    (Some(live), Some(field)) => merged(field, live, value),
                    _ => value.clone(),
                };
                fields.insert(name.clone(), value);
            }
            Value::Object(fields)
        }
        (Value::Array(live), Value::Array(applied)) => Value::Array(merged_items(schema, live, applied)),
        _ => applied.clone(),
    }
}

/// The applied order holds; what is only live keeps its place before the item that it preceded.
fn merged_items(schema: &Schema, live: &[Value], applied: &[Value]) -> Vec<Value> {
    let steps = |items: &[Value]| -> Vec<Option<Step>> {
        items.iter().map(|item| Step::to_item(schema, item).ok().flatten()).collect()
    };
    let (live_steps, applied_steps) = (steps(live), steps(applied));
    let by_step: BTreeMap<&Step, &Value> =
        live_steps.iter().zip(live).filter_map(|(step, item)| Some((step.as_ref()?, item))).collect();
    let wanted: BTreeSet<&Step> = applied_steps.iter().flatten().collect();

    // Of each applied item that is live too, the live-only items right before it.
    let mut before: BTreeMap<&Step, Vec<&Value>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for (step, item) in live_steps.iter().zip(live) {
        match step.as_ref().filter(|step| wanted.contains(step)) {
            Some(shared) => before.entry(shared).or_default().append(&mut waiting),
            None => waiting.push(item),
        }
    }
    let mut items = Vec::new();
    // New items come after the live ones that precede the next shared item, so these are taken out at once.
    for (index, (step, item)) in applied_steps.iter().zip(applied).enumerate() {
        let rest = applied_steps[index..].iter().flatten();
        match rest.into_iter().find(|step| before.contains_key(step)) {
            Some(next) => {
                items.extend(before.get_mut(next).map(std::mem::take).into_iter().flatten().cloned());
            }
            None => items.extend(waiting.drain(..).cloned()),
        }
        match step.as_ref().and_then(|step| by_step.get(step)) {
            Some(live) => items.push(merged(schema.items(), live, item)),
            None => items.push(item.clone()),
        }
    }
    items.extend(waiting.into_iter().cloned());
    items
}

/// The value without the members of `gone`; nothing when nothing is left of it.
pub(super) fn without(schema: &Schema, value: &Value, gone: &Fields) -> Option<Value> {
    if is_whole(schema, value) {
        return Some(value.clone());
    }
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let field = schema.field(name);
                if let Some(value) = part(field, value, gone.child(&Step::Field(name.clone()))) {
                    kept.insert(name.clone(), value);
                }
            }
            (!kept.is_empty() || fields.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items {
                let step = Step::to_item(schema, item).ok().flatten();
                let gone = step.and_then(|step| gone.child(&step));
                kept.extend(part(Some(schema.items()), item, gone));
            }
            (!kept.is_empty() || items.is_empty()).then_some(Value::Array(kept))
        }
        _ => Some(value.clone()),
    }
}

fn part(schema: Option<&Schema>, value: &Value, gone: Option<&Fields>) -> Option<Value> {
    match gone {
        None => Some(value.clone()),
        Some(gone) if gone.is_member() => None,
        Some(gone) => without(schema.unwrap_or(&Schema::any()), value, gone),
    }
}
