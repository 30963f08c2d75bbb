//! Strategic merge patches: merge patches that know which lists are merged, and by which key.
//! <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>

use serde_json::{Map, Value};

use super::PatchError;
use crate::apiserver::types::Schema;

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// Applies `patch` to an object of a built-in kind.
pub(crate) fn strategic(target: &mut Value, patch: &Value, schema: &Schema) -> Result<(), PatchError> {
    let Value::Object(changes) = patch else {
        return Err(malformed("a strategic merge patch is an object"));
    };
    let Value::Object(fields) = target else {
        return Err(malformed("a strategic merge patch needs an object to change"));
    };
    merge_fields(fields, changes, schema)
}

fn malformed(reason: impl Into<String>) -> PatchError {
    PatchError::Malformed { reason: reason.into() }
}

fn unknown(directive: &str, change: &Value) -> PatchError {
    PatchError::Unfit { reason: format!("unknown patch type: {directive} in map: {}", shown(change)) }
}

/// A value as Go prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut parts: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name}:{}", shown(value))).collect();
            parts.sort();
            format!("map[{}]", parts.join(" "))
        }
        other => other.to_string(),
    }
}

fn merge_fields(
    fields: &mut Map<String, Value>,
    changes: &Map<String, Value>,
    schema: &Schema,
) -> Result<(), PatchError> {
    match changes.get(DIRECTIVE).map(|directive| directive.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => {
            fields.clone_from(changes);
            fields.shift_remove(DIRECTIVE);
            return Ok(());
        }
        Some("delete") => {
            fields.clear();
            return Ok(());
        }
        Some(other) => return Err(unknown(other, &Value::Object(changes.clone()))),
    }
    if let Some(retained) = changes.get(RETAIN) {
        retain(fields, changes, retained)?;
    }
    for (name, change) in changes {
        if name == DIRECTIVE || name == RETAIN {
            continue;
        }
        if let Some(list) = name.strip_prefix(DELETE) {
            delete_values(fields, list, change)?;
        } else if let Some(list) = name.strip_prefix(ORDER) {
            // With items to merge, the order is used when these are merged.
            if !changes.contains_key(list) {
                merge_list(fields, list, &Value::Array(Vec::new()), Some(change), schema)?;
            }
        } else {
            merge_field(fields, name, change, changes.get(&format!("{ORDER}{name}")), schema)?;
        }
    }
    Ok(())
}

fn retain(
    fields: &mut Map<String, Value>,
    changes: &Map<String, Value>,
    retained: &Value,
) -> Result<(), PatchError> {
    let retained = retained.as_array().ok_or_else(|| malformed("$retainKeys must be a list"))?;
    let is_retained = |name: &str| retained.iter().any(|key| key == name);
    let change = |name: &&String| !name.starts_with('$');
    if changes.keys().filter(change).any(|name| !is_retained(name)) {
        return Err(malformed("the patch has a key that is not in its $retainKeys"));
    }
    fields.retain(|name, _| is_retained(name));
    Ok(())
}

fn delete_values(fields: &mut Map<String, Value>, name: &str, values: &Value) -> Result<(), PatchError> {
    let values = values.as_array().ok_or_else(|| malformed(format!("{DELETE}{name} must be a list")))?;
    if let Some(Value::Array(items)) = fields.get_mut(name) {
        items.retain(|item| !values.contains(item));
    }
    Ok(())
}

fn merge_field(
    fields: &mut Map<String, Value>,
    name: &str,
    change: &Value,
    order: Option<&Value>,
    schema: &Schema,
) -> Result<(), PatchError> {
    let any = Schema::any();
    let field = schema.field(name).unwrap_or(&any);
    match change {
        Value::Null => {
            fields.shift_remove(name);
            Ok(())
        }
        Value::Object(changes) => {
            let target = fields.entry(name.to_owned()).or_insert(Value::Null);
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            let Value::Object(target) = target else { return Ok(()) };
            merge_fields(target, changes, field)?;
            if changes.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") {
                fields.shift_remove(name);
            }
            Ok(())
        }
        Value::Array(_) if field.place().merges => merge_list(fields, name, change, order, schema),
        _ => {
            fields.insert(name.to_owned(), change.clone());
            Ok(())
        }
    }
}

fn merge_list(
    fields: &mut Map<String, Value>,
    name: &str,
    changes: &Value,
    order: Option<&Value>,
    schema: &Schema,
) -> Result<(), PatchError> {
    let any = Schema::any();
    let field = schema.field(name).unwrap_or(&any);
    let changes = changes.as_array().map_or(&[][..], Vec::as_slice);
    let existing = fields.get(name).and_then(Value::as_array).cloned();
    if existing.is_none() && changes.is_empty() {
        return Ok(());
    }
    let existing = existing.unwrap_or_default();
    let order = match order {
        Some(order) => {
            Some(order.as_array().ok_or_else(|| malformed(format!("{ORDER}{name} must be a list")))?)
        }
        None => None,
    };
    let key = field.place().merge_key.as_deref();
    let items = match key {
        Some(key) => merge_items(existing.clone(), changes, key, field.items())?,
        None => merge_values(existing.clone(), changes),
    };
    let items = match order {
        Some(order) => ordered(items, &existing, order, key),
        // What the patch names comes in its order, and what is new before what only the object has.
        None => ordered(items, &existing, changes, key),
    };
    fields.insert(name.to_owned(), Value::Array(items));
    Ok(())
}

fn merge_values(mut items: Vec<Value>, changes: &[Value]) -> Vec<Value> {
    for change in changes {
        if !items.contains(change) {
            items.push(change.clone());
        }
    }
    items
}

fn merge_items(
    mut items: Vec<Value>,
    changes: &[Value],
    key: &str,
    schema: &Schema,
) -> Result<Vec<Value>, PatchError> {
    let directive = |change: &Value| change.get(DIRECTIVE).and_then(Value::as_str).map(str::to_owned);
    let replaces = |change: &Value| directive(change).as_deref() == Some("replace");
    if changes.iter().any(replaces) {
        return Ok(changes.iter().filter(|change| !replaces(change)).cloned().collect());
    }
    for change in changes {
        let Value::Object(fields) = change else {
            return Err(malformed("a list that is merged by key has an item that is no object"));
        };
        let Some(value) = fields.get(key) else {
            let reason = format!("map: {} does not contain declared merge key: {key}", shown(change));
            return Err(PatchError::Unfit { reason });
        };
        let is_it = |item: &Value| item.get(key) == Some(value);
        match directive(change).as_deref() {
            Some("delete") => items.retain(|item| !is_it(item)),
            None | Some("merge") => {
                let place = items.iter().position(is_it).unwrap_or_else(|| {
                    items.push(Value::Object(Map::new()));
                    items.len() - 1
                });
                if let Value::Object(item) = &mut items[place] {
                    merge_fields(item, fields, schema)?;
                }
            }
            Some(other) => return Err(unknown(other, change)),
        }
    }
    Ok(items)
}

/// Puts the items that `order` names in its order; the others keep their place among them as far as the old order
/// tells it.
fn ordered(items: Vec<Value>, old: &[Value], order: &[Value], key: Option<&str>) -> Vec<Value> {
    let identity = |item: &Value| match key {
        Some(key) => item.get(key).cloned().unwrap_or_default(),
        None => item.clone(),
    };
    let place = |list: &[Value], item: &Value| {
        let wanted = identity(item);
        list.iter().position(|other| identity(other) == wanted)
    };
    let (mut named, rest): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    let mut result = Vec::new();
    while let (Some(left), Some(right)) = (named.peek(), rest.peek()) {
        let other_first = match (place(old, left), place(old, right)) {
            (Some(left), Some(right)) => right < left,
            _ => false,
        };
        result.extend(if other_first { rest.next() } else { named.next() });
    }
    result.extend(named);
    result.extend(rest);
    result
}
