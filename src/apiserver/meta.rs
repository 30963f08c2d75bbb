//! Reading and ordering `metadata`: the same for every kind.

use rand::Rng as _;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The order in which fields of `metadata` are written.
const ORDER: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Letters that make no words, as Kubernetes ends generated names with.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// An owner of an object.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Owner {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) block_owner_deletion: bool,
}

/// The part of `metadata` that the server itself acts on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    pub(crate) uid: String,
    pub(crate) deletion_timestamp: Option<String>,
    pub(crate) deletion_grace_period_seconds: Option<u64>,
    pub(crate) finalizers: Vec<String>,
    pub(crate) owner_references: Vec<Owner>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outer {
    metadata: Meta,
}

impl Meta {
    /// Reads it from stored JSON.
    pub(crate) fn of(json: &[u8]) -> Self {
        serde_json::from_slice::<Outer>(json).unwrap_or_default().metadata
    }

    /// Reads it from an object.
    pub(crate) fn read(object: &Value) -> Self {
        object.get("metadata").and_then(|metadata| Self::deserialize(metadata).ok()).unwrap_or_default()
    }
}

/// A text of `metadata`, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object
        .get("metadata")
        .and_then(|metadata| metadata.get(field))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// `metadata` of an object, made when it is not there.
pub(crate) fn of_mut(object: &mut Value) -> &mut Map<String, Value> {
    if !object.get("metadata").is_some_and(Value::is_object) {
        object["metadata"] = Value::Object(Map::new());
    }
    object["metadata"].as_object_mut().expect("it was made an object above")
}

/// Sets a field of `metadata`, or removes it.
pub(crate) fn set(object: &mut Value, field: &str, value: Option<Value>) {
    let metadata = of_mut(object);
    match value {
        Some(value) => metadata.insert(field.to_owned(), value),
        None => metadata.shift_remove(field),
    };
}

/// Takes a field of `metadata` over from another state of the object.
pub(crate) fn keep(object: &mut Value, field: &str, from: &Value) {
    set(object, field, from.get("metadata").and_then(|metadata| metadata.get(field)).cloned());
}

/// Puts kind, version and metadata first, and the fields of metadata in their order: every stored object begins
/// with the same bytes.
pub(crate) fn order(object: &mut Value, api_version: &str, kind: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    let mut ordered = Map::with_capacity(fields.len() + 2);
    ordered.insert("kind".to_owned(), kind.into());
    ordered.insert("apiVersion".to_owned(), api_version.into());
    let mut rest = std::mem::take(fields);
    let mut metadata = match rest.shift_remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    let mut sorted = Map::with_capacity(metadata.len());
    for name in ORDER {
        if let Some(value) = metadata.shift_remove(name).filter(|value| !is_empty(value)) {
            sorted.insert(name.to_owned(), value);
        }
    }
    sorted.extend(metadata);
    ordered.insert("metadata".to_owned(), Value::Object(sorted));
    rest.shift_remove("kind");
    rest.shift_remove("apiVersion");
    ordered.extend(rest);
    *fields = ordered;
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Now, as Kubernetes writes times.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The random end of a generated name.
pub(crate) fn suffix() -> String {
    let mut random = rand::rng();
    (0..5).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}
