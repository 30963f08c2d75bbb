//! Types in the words of OpenAPI.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::apiserver::types::{Kind, ListKind, Node, Registry, Schema, Shape};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Where definitions stand in a document, and how they are referred to.
#[derive(Clone, Copy)]
pub(super) enum Dialect {
    /// `definitions`, referred to directly.
    V2,
    /// `components.schemas`, referred to through `allOf`, so that a default can stand beside.
    V3,
}

impl Dialect {
    fn reference(self, name: &str) -> Map<String, Value> {
        let mut words = Map::new();
        match self {
            Self::V2 => {
                words.insert("$ref".to_owned(), json!(format!("#/definitions/{name}")));
            }
            Self::V3 => {
                let reference = json!([{ "$ref": format!("#/components/schemas/{name}") }]);
                words.insert("allOf".to_owned(), reference);
            }
        }
        words
    }
}

/// The definitions of `kinds`, of their lists, and of all that these use, by name.
pub(super) fn definitions(kinds: &[&Kind], dialect: Dialect) -> Map<String, Value> {
    let registry = Registry::builtin();
    let known: BTreeMap<&str, &Schema> = registry.definitions().collect();
    let mut wanted: BTreeSet<String> =
        ["ObjectMeta", "ListMeta", "Status", "DeleteOptions"].map(|name| format!("{META}{name}")).into();
    let mut all = BTreeMap::new();
    for kind in kinds {
        all.insert(format!("{}List", kind.definition), list(kind, dialect));
        match &kind.custom {
            Some(written) => {
                all.insert(kind.definition.clone(), custom(kind, written, dialect));
            }
            None => {
                wanted.insert(kind.definition.clone());
            }
        }
    }
    while let Some(name) = wanted.pop_first() {
        let Some(schema) = known.get(name.as_str()) else { continue };
        if let Entry::Vacant(entry) = all.entry(name) {
            entry.insert(Value::Object(inline(schema.place(), dialect, &mut wanted)));
        }
    }
    for kind in kinds {
        if let Some(definition) = all.get_mut(&kind.definition) {
            definition["x-kubernetes-group-version-kind"] = json!([named(kind, &kind.kind)]);
        }
    }
    all.into_iter().collect()
}

/// The mark by which clients find the definition of a kind.
pub(super) fn named(kind: &Kind, name: &str) -> Value {
    json!({ "group": kind.group, "kind": name, "version": kind.version })
}

fn list(kind: &Kind, dialect: Dialect) -> Value {
    json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": { "type": "string" },
            "items": { "type": "array", "items": dialect.reference(&kind.definition) },
            "kind": { "type": "string" },
            "metadata": dialect.reference(&format!("{META}ListMeta")),
        },
        "x-kubernetes-group-version-kind": [named(kind, &kind.list_kind)],
    })
}

fn custom(kind: &Kind, written: &Value, dialect: Dialect) -> Value {
    let mut definition = match written {
        Value::Object(_) => written.clone(),
        _ => json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true }),
    };
    if !definition["properties"].is_object() {
        definition["properties"] = json!({});
    }
    let properties = &mut definition["properties"];
    properties["apiVersion"] = json!({ "type": "string" });
    properties["kind"] = json!({ "type": "string" });
    properties["metadata"] = Value::Object(dialect.reference(&format!("{META}ObjectMeta")));
    definition["x-kubernetes-group-version-kind"] = json!([named(kind, &kind.kind)]);
    definition
}

fn inline(node: &Node, dialect: Dialect, used: &mut BTreeSet<String>) -> Map<String, Value> {
    let mut words = shape(&node.shape, node.atomic, dialect, used);
    let mut put = |name: &str, value: Value| words.insert(name.to_owned(), value);
    if let Some(default) = &node.default {
        put("default", default.clone());
    }
    if let Some(key) = &node.merge_key {
        put("x-kubernetes-patch-merge-key", json!(key));
    }
    let strategies = [(node.merges, "merge"), (node.retain_keys, "retainKeys")];
    let strategy: Vec<&str> = strategies.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect();
    if !strategy.is_empty() {
        put("x-kubernetes-patch-strategy", json!(strategy.join(",")));
    }
    if node.atomic && !matches!(node.shape, Shape::Any) {
        put("x-kubernetes-map-type", json!("atomic"));
    }
    words
}

fn shape(shape: &Shape, atomic: bool, dialect: Dialect, used: &mut BTreeSet<String>) -> Map<String, Value> {
    let words = match shape {
        Shape::Any if atomic => json!({ "type": "object" }),
        Shape::Any => json!({}),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer("") => json!({ "type": "integer" }),
        Shape::Integer(format) => json!({ "type": "integer", "format": format }),
        Shape::Number => json!({ "type": "number", "format": "double" }),
        Shape::String => json!({ "type": "string" }),
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::Bytes => json!({ "type": "string", "format": "byte" }),
        Shape::IntOrString => match dialect {
            Dialect::V2 => json!({ "type": "string", "format": "int-or-string" }),
            Dialect::V3 => {
                json!({ "format": "int-or-string", "oneOf": [{ "type": "integer" }, { "type": "string" }] })
            }
        },
        Shape::Quantity => match dialect {
            Dialect::V2 => json!({ "type": "string" }),
            Dialect::V3 => json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }),
        },
        Shape::Named(place) => {
            let name = Registry::builtin().name(*place);
            used.insert(name.to_owned());
            return dialect.reference(name);
        }
        Shape::Map(values) => {
            json!({ "type": "object", "additionalProperties": inline(values.place(), dialect, used) })
        }
        Shape::List(list) => {
            let mut words = json!({ "type": "array", "items": inline(list.items.place(), dialect, used) });
            words["x-kubernetes-list-type"] = json!(match &list.kind {
                ListKind::Atomic => "atomic",
                ListKind::Set => "set",
                ListKind::Map(_) => "map",
            });
            if let ListKind::Map(keys) = &list.kind {
                words["x-kubernetes-list-map-keys"] = json!(keys);
            }
            words
        }
        Shape::Object(object) => {
            let fields = object.fields.iter();
            let properties: Map<String, Value> = fields
                .map(|(name, field)| (name.to_string(), Value::Object(inline(field.place(), dialect, used))))
                .collect();
            let mut words = json!({ "type": "object", "properties": properties });
            if !object.required.is_empty() {
                words["required"] = json!(object.required);
            }
            words
        }
    };
    match words {
        Value::Object(words) => words,
        _ => Map::new(),
    }
}
