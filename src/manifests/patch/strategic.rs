//! Strategic merge patches, in the form that kustomize applies them: the items of a patch come first in a list.
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md>

use serde_json::{Map, Value};

use super::schema::Node;
use super::{Schema, merge_keys};

/// A place in an object of some kind, which knows by what the items of the lists in it are told apart.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// One of Kubernetes' own kinds, below a field of this name.
    BuiltIn { group: &'a str, kind: &'a str, parent: &'a str },
    /// Of a kind that somebody has described.
    Described(Option<Node<'a>>),
}

impl<'a> Place<'a> {
    fn below(self, field: &'a str) -> Self {
        match self {
            Self::BuiltIn { group, kind, .. } => Self::BuiltIn { group, kind, parent: field },
            Self::Described(node) => Self::Described(node.and_then(|node| node.below(field))),
        }
    }

    /// The merge keys of the list `field`; nothing for lists that are replaced as a whole.
    fn keys(self, field: &str) -> Option<Vec<&'a str>> {
        match self {
            Self::BuiltIn { group, kind, parent } => {
                merge_keys(group, kind, parent, field).map(<[&str]>::to_vec)
            }
            Self::Described(node) => node?.merge_keys(field),
        }
    }
}

/// Applies a patch to an object of a known kind; `None` when the patch deletes the object. A schema says what kinds are
/// like, and then only what stands in it counts.
#[must_use]
pub fn apply_strategic(object: &Value, patch: &Value, schema: Option<&Schema>) -> Option<Value> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = object["kind"].as_str().unwrap_or_default();
    let place = match schema {
        Some(schema) => Place::Described(schema.kind(group, version, kind)),
        None => Place::BuiltIn { group, kind, parent: "" },
    };
    merge(Some(object), patch, place)
}

/// Merges `patch` over `base`; nothing when it is deleted.
fn merge(base: Option<&Value>, patch: &Value, place: Place<'_>) -> Option<Value> {
    let Value::Object(changes) = patch else { return (!patch.is_null()).then(|| patch.clone()) };
    let base = base.and_then(Value::as_object);
    match changes.get("$patch").and_then(Value::as_str) {
        Some("delete") => return None,
        Some("replace") => {
            let mut changes = changes.clone();
            changes.shift_remove("$patch");
            return Some(Value::Object(changes));
        }
        _ => {}
    }
    let mut result = base.cloned().unwrap_or_default();
    for (field, change) in changes {
        if field.starts_with("$patch")
            || field.starts_with("$setElementOrder")
            || field.starts_with("$retainKeys")
        {
            continue;
        }
        if let Some(list) = field.strip_prefix("$deleteFromPrimitiveList/") {
            remove_plain(&mut result, list, change);
            continue;
        }
        let before = result.get(field);
        let merged = match (before, change) {
            (before, Value::Array(items)) => Some(merge_list(before, items, place, field)),
            (before, change) => merge(before, change, place.below(field)),
        };
        match merged {
            Some(value) => result.insert(field.clone(), value),
            None => result.shift_remove(field),
        };
    }
    Some(Value::Object(result))
}

fn merge_list(before: Option<&Value>, items: &[Value], place: Place<'_>, field: &str) -> Value {
    let is_directive = |item: &Value, word: &str| {
        item["$patch"] == word && item.as_object().is_some_and(|map| map.len() == 1)
    };
    let replaces = items.iter().any(|item| is_directive(item, "replace"));
    let items = items.iter().filter(|item| !is_directive(item, "replace"));
    let base = before.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys = place.keys(field).filter(|_| !replaces);
    let below = place.below(field);
    let Some(keys) = keys else { return items.filter_map(|item| merge(None, item, below)).collect() };
    if keys.is_empty() {
        let added = items.filter(|item| !base.contains(item));
        return added.chain(base).cloned().collect();
    }
    let mut rest = base.iter().collect::<Vec<_>>();
    let mut result = Vec::new();
    for item in items {
        let at = rest.iter().position(|old| same(old, item, &keys));
        let old = at.map(|at| rest.remove(at));
        result.extend(merge(old, item, below));
    }
    result.extend(rest.into_iter().cloned());
    Value::Array(result)
}

/// Whether two items have the same keys. The first key must be there; others have the default that they have for ports.
fn same(old: &Value, new: &Value, keys: &[&str]) -> bool {
    let field = |item: &Value, key: &str| -> Option<Value> {
        let fallback = (key == "protocol").then(|| Value::from("TCP"));
        item.get(key).cloned().or(fallback)
    };
    let (Some(old_map), Some(_)) = (old.as_object(), new.as_object()) else { return false };
    old_map.contains_key(keys[0])
        && keys.iter().all(|key| {
            let (old, new) = (field(old, key), field(new, key));
            old == new || (*key != keys[0] && new.is_none())
        })
}

fn remove_plain(result: &mut Map<String, Value>, list: &str, gone: &Value) {
    let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(Value::Array(items)) = result.get_mut(list) {
        items.retain(|item| !gone.contains(item));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(spec: Value) -> Value {
        json!({ "apiVersion": "v1", "kind": "Pod", "spec": spec })
    }

    #[test]
    fn lists_merge_by_key_and_new_items_come_first() {
        let object =
            pod(json!({ "containers": [{ "name": "a", "image": "x", "args": ["1"] }], "tolerations": [1] }));
        let patch = pod(json!({
            "containers": [{ "name": "b" }, { "name": "a", "image": "y", "ports": [{ "containerPort": 80 }] }],
            "tolerations": [2],
        }));
        let expected = pod(json!({
            "containers": [{ "name": "b" },
                { "name": "a", "image": "y", "args": ["1"], "ports": [{ "containerPort": 80 }] }],
            "tolerations": [2],
        }));
        assert_eq!(apply_strategic(&object, &patch, None), Some(expected));
    }

    #[test]
    fn directives_delete_and_replace() {
        let object =
            pod(json!({ "containers": [{ "name": "a" }, { "name": "b" }], "x": { "y": 1 }, "gone": 1 }));
        let patch = pod(json!({
            "containers": [{ "name": "a", "$patch": "delete" }], "x": { "$patch": "replace", "z": 2 }, "gone": null,
        }));
        let expected = pod(json!({ "containers": [{ "name": "b" }], "x": { "z": 2 } }));
        assert_eq!(apply_strategic(&object, &patch, None), Some(expected));
        assert_eq!(apply_strategic(&object, &json!({ "$patch": "delete" }), None), None);
    }

    #[test]
    fn lists_of_other_kinds_are_replaced() {
        let of = |items: Value| json!({ "apiVersion": "example.com/v1", "kind": "Thing", "spec": { "containers": items } });
        let (object, patch) = (of(json!([{ "name": "a" }])), of(json!([{ "name": "b" }])));
        assert_eq!(apply_strategic(&object, &patch, None), Some(patch));
    }
}
