//! What clients look for in the documents.

use serde_json::{Value, json};

use super::{v2, v3_group, v3_index};
use crate::apiserver::types::{Kind, Registry};

fn builtin() -> Vec<&'static Kind> {
    Registry::builtin().kinds().iter().collect()
}

fn custom(field: &str) -> Kind {
    let crd = json!({ "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": { "kind": "Thing", "plural": "things" },
        "versions": [{ "name": "v1", "served": true, "schema": { "openAPIV3Schema": {
            "type": "object",
            "properties": { (field): { "type": "string", "description": "A word." } },
        } } }],
    } });
    Kind::from_crd(&crd).unwrap().remove(0)
}

/// Every name that is referred to.
fn references(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_to_a_definition() {
    let kinds = builtin();
    let apps = v3_group(&kinds, "apps", "v1");
    for (document, pointer) in [(&apps, "/components/schemas"), (&v2(&kinds), "/definitions")] {
        let definitions = document.pointer(pointer).unwrap();
        let mut found = Vec::new();
        references(document, &mut found);
        assert!(found.len() > 100);
        for reference in found {
            let name = reference.rsplit('/').next().unwrap();
            assert!(definitions.get(name).is_some(), "{reference}");
        }
    }
}

#[test]
fn lists_tell_how_they_are_merged() {
    let document = v3_group(&builtin(), "", "v1");
    let container = &document["components"]["schemas"]["io.k8s.api.core.v1.Container"]["properties"];
    let mut ports = container["ports"].clone();
    ports.as_object_mut().unwrap().shift_remove("description");
    assert_eq!(
        ports,
        json!({
            "type": "array",
            "items": { "allOf": [{ "$ref": "#/components/schemas/io.k8s.api.core.v1.ContainerPort" }] },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
            "x-kubernetes-patch-merge-key": "containerPort",
            "x-kubernetes-patch-strategy": "merge",
        })
    );
}

#[test]
fn patches_can_refuse_unknown_fields() {
    let document = v3_group(&builtin(), "apps", "v1");
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({ "group": "apps", "kind": "Deployment", "version": "v1" })
    );
    let parameters = patch["parameters"].as_array().unwrap();
    assert!(parameters.iter().any(|parameter| parameter["name"] == "fieldValidation"));
    let content = patch["requestBody"]["content"].as_object().unwrap();
    assert!(content.contains_key("application/strategic-merge-patch+json"));
}

#[test]
fn custom_kinds_are_described_as_they_were_written() {
    let kind = custom("word");
    let document = v3_group(&[&kind], "example.com", "v1");
    let definition = &document["components"]["schemas"]["com.example.v1.Thing"];
    assert_eq!(definition["properties"]["word"], json!({ "type": "string", "description": "A word." }));
    assert_eq!(
        definition["x-kubernetes-group-version-kind"],
        json!([{ "group": "example.com", "kind": "Thing", "version": "v1" }])
    );
    let patch = &document["paths"]["/apis/example.com/v1/namespaces/{namespace}/things/{name}"]["patch"];
    let content = patch["requestBody"]["content"].as_object().unwrap();
    assert!(!content.contains_key("application/strategic-merge-patch+json"));
}

#[test]
fn a_changed_kind_changes_its_groups_address_only() {
    let (one, two) = (custom("one"), custom("two"));
    let with = |kind: &Kind| -> Value {
        let mut kinds: Vec<&Kind> = builtin();
        kinds.push(kind);
        v3_index(&kinds)
    };
    let (before, after) = (with(&one), with(&two));
    assert_eq!(before["paths"]["apis/apps/v1"], after["paths"]["apis/apps/v1"]);
    assert_ne!(before["paths"]["apis/example.com/v1"], after["paths"]["apis/example.com/v1"]);
    let url = before["paths"]["api/v1"]["serverRelativeURL"].as_str().unwrap();
    assert!(url.starts_with("/openapi/v3/api/v1?hash="), "{url}");
}

#[test]
fn every_built_in_kind_is_described() {
    let kinds = builtin();
    for kind in &kinds {
        let document = v3_group(&kinds, &kind.group, &kind.version);
        let definition = &document["components"]["schemas"][&kind.definition];
        assert!(definition["description"].is_string(), "{}", kind.definition);
        assert!(definition["properties"]["metadata"]["description"].is_string(), "{}", kind.definition);
    }
}
