//! The built-in kinds of Kubernetes 1.34 that we serve, read once from the table of facts.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::schema::{self, Schema};
use super::{Kind, Node, ScalePaths};

const FACTS: &str = include_str!("kubernetes-1.34.json");

static BUILTIN: LazyLock<Registry> = LazyLock::new(|| {
    let facts: Facts = serde_json::from_str(FACTS).expect("the table of facts is JSON of this form");
    Registry::new(facts)
});

/// The built-in kinds and the definitions that their fields use.
pub(crate) struct Registry {
    kinds: Vec<Kind>,
    names: Vec<String>,
    definitions: Vec<Schema>,
}

#[derive(Deserialize)]
struct Facts {
    kinds: Vec<KindFacts>,
    schemas: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KindFacts {
    group: String,
    version: String,
    kind: String,
    plural: String,
    singular: String,
    namespaced: bool,
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    subresources: Vec<String>,
    schema: String,
}

impl Registry {
    /// The table, read at the first call.
    pub(crate) fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The kind that an address names.
    pub(crate) fn by_resource(&self, group: &str, version: &str, plural: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.plural == plural && kind.group == group && kind.version == version)
    }

    /// The kind that an object names.
    pub(crate) fn by_kind(&self, group: &str, version: &str, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.kind == name && kind.group == group && kind.version == version)
    }

    /// All kinds, the core group first.
    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The definitions by name, sorted, such as `io.k8s.api.core.v1.Container`.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (&str, &Schema)> {
        self.names.iter().map(String::as_str).zip(&self.definitions)
    }

    /// A definition by name.
    pub(crate) fn named(&self, name: &str) -> Option<Schema> {
        let place = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        Some(Schema::new(Node { shape: super::Shape::Named(place), ..Node::default() }))
    }

    /// The name of the definition at a place.
    pub(crate) fn name(&self, place: usize) -> &str {
        &self.names[place]
    }

    /// The definition at a place.
    pub(super) fn definition(&self, place: usize) -> &Node {
        self.definitions[place].place()
    }

    fn new(facts: Facts) -> Self {
        let mut schemas: Vec<(String, Value)> = facts.schemas.into_iter().collect();
        schemas.sort_by(|a, b| a.0.cmp(&b.0));
        let places: HashMap<&str, usize> =
            schemas.iter().enumerate().map(|(place, (name, _))| (name.as_str(), place)).collect();
        let definitions = schemas.iter().map(|(_, fact)| schema::read(fact, &places)).collect();
        let kinds = facts.kinds.into_iter().map(|facts| kind(facts, &places)).collect();
        let names = schemas.into_iter().map(|(name, _)| name).collect();
        Self { kinds, names, definitions }
    }
}

fn kind(facts: KindFacts, places: &HashMap<&str, usize>) -> Kind {
    let has = |name: &str| facts.subresources.iter().any(|known| known == name);
    let (has_status, has_scale) = (has("status"), has("scale"));
    Kind {
        list_kind: format!("{}List", facts.kind),
        schema: schema::read(&Value::String(format!("@{}", facts.schema)), places),
        scale: has_scale.then(|| ScalePaths {
            spec_replicas: ".spec.replicas".to_owned(),
            status_replicas: ".status.replicas".to_owned(),
            selector: None,
        }),
        group: facts.group,
        version: facts.version,
        kind: facts.kind,
        plural: facts.plural,
        singular: facts.singular,
        short_names: facts.short_names,
        categories: facts.categories,
        namespaced: facts.namespaced,
        verbs: facts.verbs,
        has_status,
        has_scale,
        definition: facts.schema,
        custom: None,
        has_rules: false,
        columns: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver::types::ListKind;

    #[test]
    fn every_definition_and_every_reference_is_known() {
        let registry = Registry::builtin();
        for kind in registry.kinds() {
            assert!(kind.schema.field("kind").is_some(), "{} has fields", kind.kind);
        }
        let facts: Facts = serde_json::from_str(FACTS).unwrap();
        for reference in FACTS.split('"').filter_map(|word| word.strip_prefix('@')) {
            assert!(facts.schemas.contains_key(reference), "{reference} is defined");
        }
    }

    #[test]
    fn facts_of_a_deployment() {
        let kind = Registry::builtin().by_resource("apps", "v1", "deployments").unwrap();
        assert_eq!(
            (kind.short_names.clone(), kind.has_scale, kind.api_version()),
            (vec!["deploy".to_owned()], true, "apps/v1".to_owned())
        );
        let at = |path: &[&str]| path.iter().fold(&kind.schema, |schema, name| schema.field(name).unwrap());
        let containers = at(&["spec", "template", "spec", "containers"]);
        assert_eq!(*containers.list_kind(), ListKind::Map(vec!["name".into()]));
        let ports = containers.items().field("ports").unwrap();
        assert_eq!(*ports.list_kind(), ListKind::Map(vec!["containerPort".into(), "protocol".into()]));
        assert_eq!(ports.place().merge_key.as_deref(), Some("containerPort"));
        assert!(at(&["spec", "selector"]).is_atomic());
        assert!(at(&["spec", "strategy"]).place().retain_keys);
    }
}
