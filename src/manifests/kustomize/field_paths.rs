//! Paths into objects, such as `spec/template/spec/containers[]/image`.

use serde_json::{Map, Value};

/// Calls `change` with every value at `path`. With `create`, maps that are missing on the way are made.
pub(super) fn visit(object: &mut Value, path: &str, create: bool, change: &mut dyn FnMut(&mut Value)) {
    let (part, rest) = path.split_once('/').map_or((path, None), |(part, rest)| (part, Some(rest)));
    let (field, is_list) = part.strip_suffix("[]").map_or((part, false), |field| (field, true));
    let Some(fields) = object.as_object_mut() else { return };
    if create && !is_list && !fields.contains_key(field) {
        let fresh = if rest.is_some() { Value::Object(Map::new()) } else { Value::Null };
        fields.insert(field.to_owned(), fresh);
    }
    let Some(value) = fields.get_mut(field) else { return };
    let mut step = |value: &mut Value| match rest {
        Some(rest) => visit(value, rest, create, change),
        None => change(value),
    };
    match value {
        Value::Array(items) if is_list => items.iter_mut().for_each(&mut step),
        _ if is_list => {}
        value => step(value),
    }
}

/// Sets `pairs` in the map at `path`.
pub(super) fn set_pairs<'a>(
    object: &mut Value,
    path: &str,
    create: bool,
    pairs: &(impl Iterator<Item = (&'a String, &'a String)> + Clone),
) {
    visit(object, path, create, &mut |value| {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        if let Some(map) = value.as_object_mut() {
            map.extend(pairs.clone().map(|(key, text)| (key.clone(), Value::from(text.as_str()))));
        }
    });
}
