//! Whether a policy or a binding is about a request.

use serde_json::Value;

use super::request::Request;
use super::spec::{MatchResources, Rule};
use crate::apiserver::selectors;
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;

/// The version in which the request's object is to be seen, if it is meant.
pub(super) fn matches(server: &Server, resources: &MatchResources, request: &Request<'_>) -> Option<String> {
    if !in_namespace(server, &resources.namespace_selector, request)
        || !selects_object(&resources.object_selector, request)
    {
        return None;
    }
    let own = &request.target.kind.version;
    let equivalent = resources.match_policy != "Exact";
    if matching(server, &resources.exclude_resource_rules, request, equivalent).is_some() {
        return None;
    }
    if resources.resource_rules.is_empty() {
        return Some(own.clone());
    }
    matching(server, &resources.resource_rules, request, equivalent)
}

/// The first version of the request's resource that a rule names, its own before others.
fn matching(server: &Server, rules: &[Rule], request: &Request<'_>, equivalent: bool) -> Option<String> {
    let kind = &request.target.kind;
    let mut versions = vec![kind.version.clone()];
    if equivalent && kind.is_custom() {
        let all = server.catalog.kinds();
        let others = all.iter().filter(|other| other.group == kind.group && other.plural == kind.plural);
        versions.extend(others.map(|other| other.version.clone()).filter(|version| *version != kind.version));
    }
    versions.into_iter().find(|version| rules.iter().any(|rule| names(rule, request, version)))
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one == "*" || one == wanted)
}

fn names(rule: &Rule, request: &Request<'_>, version: &str) -> bool {
    let cluster = request.is_namespace() || request.namespace().is_empty();
    let scope = match rule.scope.as_str() {
        "Namespaced" => !cluster,
        "Cluster" => cluster,
        _ => true,
    };
    scope
        && has(&rule.operations, request.operation)
        && has(&rule.api_groups, &request.target.kind.group)
        && has(&rule.api_versions, version)
        && rule.resources.iter().any(|resource| is_named(resource, request))
        && (rule.resource_names.is_empty() || rule.resource_names.iter().any(|name| name == request.name))
}

/// `pods`, `*`, `pods/*`, `*/scale`, `*/*`
fn is_named(resource: &str, request: &Request<'_>) -> bool {
    let (of, below) = resource.split_once('/').unwrap_or((resource, ""));
    let plural = of == "*" || of == request.target.kind.plural;
    plural && (below == request.subresource() || below == "*")
}

fn in_namespace(server: &Server, selector: &Value, request: &Request<'_>) -> bool {
    let empty = selector.as_object().is_none_or(serde_json::Map::is_empty);
    if empty || request.namespace().is_empty() {
        return true;
    }
    // A namespace that is being written has the labels that it will have.
    if let (true, Some(object)) = (request.is_namespace(), request.object) {
        return selectors::selects(selector, object["metadata"].get("labels"));
    }
    let namespace = namespace(server, request.namespace());
    selectors::selects(selector, namespace.as_ref().and_then(|object| object["metadata"].get("labels")))
}

/// A namespace, if there is one of that name.
pub(super) fn namespace(server: &Server, name: &str) -> Option<Value> {
    let stored = server.store.get(&Key::new("namespaces", "", name))?;
    serde_json::from_slice(&stored.json).ok()
}

fn selects_object(selector: &Value, request: &Request<'_>) -> bool {
    if selector.as_object().is_none_or(serde_json::Map::is_empty) {
        return true;
    }
    let objects = [request.object, request.old].into_iter().flatten();
    let mut labelled = objects.filter(|object| object["metadata"].is_object());
    labelled.any(|object| selectors::selects(selector, object["metadata"].get("labels")))
}
