//! What kinds are like, as an OpenAPI document describes them: by what the items of their lists are told apart.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifests::yaml::read_documents;

/// So many references lead to references at most.
const REFERENCES_LIMIT: usize = 16;

/// The definitions of a document.
#[derive(Debug)]
pub struct Schema {
    definitions: Value,
    /// The name of the definition of each group, version and kind.
    kinds: BTreeMap<(String, String, String), String>,
}

impl Schema {
    /// Reads a document: `definitions`, each of a kind with `x-kubernetes-group-version-kind`. JSON or YAML; the error
    /// says what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut documents = read_documents(text).map_err(|error| error.to_string())?;
        let document = documents.drain(..).next().unwrap_or_default();
        let definitions = document["definitions"].clone();
        let Some(all) = definitions.as_object() else { return Err("it has no `definitions`".to_owned()) };
        let mut kinds = BTreeMap::new();
        for (name, definition) in all {
            let marks = definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
            for mark in marks {
                let text = |field: &str| mark[field].as_str().unwrap_or_default().to_owned();
                kinds.insert((text("group"), text("version"), text("kind")), name.clone());
            }
        }
        Ok(Self { definitions, kinds })
    }

    /// The description of a kind, if there is one.
    pub(super) fn kind(&self, group: &str, version: &str, kind: &str) -> Option<Node<'_>> {
        let name = self.kinds.get(&(group.to_owned(), version.to_owned(), kind.to_owned()))?;
        self.node(self.definitions.get(name)?)
    }

    /// Follows references.
    fn node<'a>(&'a self, mut value: &'a Value) -> Option<Node<'a>> {
        for _ in 0..REFERENCES_LIMIT {
            let Some(reference) = value["$ref"].as_str() else { return Some(Node { schema: self, value }) };
            value = self.definitions.get(reference.strip_prefix("#/definitions/")?)?;
        }
        None
    }
}

/// The description of a place in an object.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    schema: &'a Schema,
    value: &'a Value,
}

impl<'a> Node<'a> {
    fn field(self, name: &str) -> Option<Self> {
        let properties = self.value["properties"].get(name);
        self.schema.node(properties.or_else(|| self.value.get("additionalProperties"))?)
    }

    /// What is below a field: its fields, or those of its items.
    pub(super) fn below(self, field: &str) -> Option<Self> {
        let found = self.field(field)?;
        match found.value.get("items") {
            Some(items) => self.schema.node(items),
            None => Some(found),
        }
    }

    /// The merge keys of a list; none for plain values that are merged as a set, nothing for lists that are replaced.
    pub(super) fn merge_keys(self, list: &str) -> Option<Vec<&'a str>> {
        // What describes the list itself stands beside a reference, too.
        let value = self.value["properties"].get(list)?;
        let strategy = value["x-kubernetes-patch-strategy"].as_str()?;
        if !strategy.split(',').any(|word| word == "merge") {
            return None;
        }
        let keys =
            value["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let keys = keys.collect::<Vec<_>>();
        let single = value["x-kubernetes-patch-merge-key"].as_str();
        Some(if keys.is_empty() { single.into_iter().collect() } else { keys })
    }
}
