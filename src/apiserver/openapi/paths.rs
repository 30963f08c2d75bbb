//! The addresses of a kind, with what clients look for there: which kind answers, which patches it takes, and
//! whether unknown fields can be refused.

use serde_json::{Map, Value, json};

use super::definitions::{Dialect, named};
use crate::apiserver::types::Kind;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_YAML: &str = "application/apply-patch+yaml";

/// The address of a version of a group, such as `/apis/apps/v1`.
pub(super) fn group_path(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// The addresses of `kinds`.
pub(super) fn paths(kinds: &[&Kind], dialect: Dialect) -> Map<String, Value> {
    let mut paths = Map::new();
    for kind in kinds {
        let base = group_path(&kind.group, &kind.version);
        let place = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
        let collection = format!("{base}{place}/{}", kind.plural);
        let object = format!("{collection}/{{name}}");
        let collection_verbs = [("list", "get"), ("create", "post"), ("deletecollection", "delete")];
        let object_verbs = [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")];
        paths.insert(collection, operations(kind, &collection_verbs, dialect));
        let served = operations(kind, &object_verbs, dialect);
        if kind.has_status {
            let verbs = [("get", "get"), ("update", "put"), ("patch", "patch")];
            paths.insert(format!("{object}/status"), operations(kind, &verbs, dialect));
        }
        paths.insert(object, served);
    }
    paths
}

fn operations(kind: &Kind, verbs: &[(&str, &str)], dialect: Dialect) -> Value {
    let served = verbs.iter().filter(|(verb, _)| kind.verbs.iter().any(|known| known == verb));
    served.map(|(verb, method)| ((*method).to_owned(), operation(kind, verb, dialect))).collect()
}

fn operation(kind: &Kind, verb: &str, dialect: Dialect) -> Value {
    let (action, writes) = match verb {
        "create" => ("post", true),
        "update" => ("put", true),
        "patch" => ("patch", true),
        other => (other, false),
    };
    let mut words = json!({
        "responses": { "200": { "description": "OK" } },
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": named(kind, &kind.kind),
    });
    if writes {
        let names = ["dryRun", "fieldManager", "fieldValidation"];
        words["parameters"] = names.iter().map(|name| parameter(name, dialect)).collect();
    }
    if verb == "patch" {
        let custom = kind.is_custom();
        let patches = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_YAML];
        let taken = patches.into_iter().filter(|patch| !(custom && *patch == STRATEGIC_PATCH));
        match dialect {
            Dialect::V2 => words["consumes"] = taken.collect(),
            Dialect::V3 => {
                let content: Value = taken.map(|patch| (patch.to_owned(), json!({}))).collect();
                words["requestBody"] = json!({ "content": content });
            }
        }
    }
    words
}

fn parameter(name: &str, dialect: Dialect) -> Value {
    match dialect {
        Dialect::V2 => json!({ "name": name, "in": "query", "type": "string", "uniqueItems": true }),
        Dialect::V3 => {
            json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } })
        }
    }
}
