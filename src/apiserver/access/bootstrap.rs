//! The roles and bindings of every cluster, from the table of facts beside this file. Each start adds what somebody
//! has taken from them, unless they are annotated as their owner's.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>

use serde::Deserialize;
use serde_json::{Value, json};

use super::rule::Rule;
use crate::apiserver::server::{Error, Server};
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{Options, Part};

const FACTS: &str = include_str!("defaults-1.34.json");
const GROUP: &str = "rbac.authorization.k8s.io";
const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

#[derive(Deserialize)]
struct Facts {
    roles: Vec<RoleFacts>,
    bindings: Vec<BindingFacts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleFacts {
    name: String,
    #[serde(default)]
    namespace: String,
    /// The roles that have these rules as well.
    #[serde(default)]
    aggregate_to: Vec<String>,
    /// Whether the role has the rules of those that say so.
    #[serde(default)]
    aggregated: bool,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BindingFacts {
    name: String,
    #[serde(default)]
    namespace: String,
    role: String,
    /// Kind, name and namespace.
    subjects: Vec<Vec<String>>,
}

/// Makes the roles and bindings that are not there, and completes the others.
pub(crate) fn bootstrap(server: &Server) -> Result<(), Error> {
    let facts: Facts = serde_json::from_str(FACTS).expect("a test reads the table of facts");
    for facts in facts.roles {
        let (kind, namespace) = placed(&facts.namespace, "Role", "ClusterRole");
        ensure(server, kind, namespace, "rules", role(&facts))?;
    }
    for facts in facts.bindings {
        let (kind, namespace) = placed(&facts.namespace, "RoleBinding", "ClusterRoleBinding");
        ensure(server, kind, namespace, "subjects", binding(&facts))?;
    }
    Ok(())
}

fn placed<'a>(namespace: &'a str, within: &'a str, without: &'a str) -> (&'a str, &'a str) {
    (if namespace.is_empty() { without } else { within }, namespace)
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}, "annotations": {AUTOUPDATE: "true"}
    })
}

fn aggregation(to: &str) -> String {
    format!("{GROUP}/aggregate-to-{to}")
}

fn role(facts: &RoleFacts) -> Value {
    let mut role = json!({"metadata": metadata(&facts.name), "rules": facts.rules});
    for to in &facts.aggregate_to {
        role["metadata"]["labels"][aggregation(to)] = "true".into();
    }
    if facts.aggregated {
        let label = aggregation(&facts.name);
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {label: "true"}}]});
    }
    role
}

fn binding(facts: &BindingFacts) -> Value {
    let subjects = facts.subjects.iter().map(|subject| match subject.as_slice() {
        [kind, name, namespace] => json!({"kind": kind, "name": name, "namespace": namespace}),
        [kind, name] => json!({"kind": kind, "apiGroup": GROUP, "name": name}),
        _ => Value::Null,
    });
    let (kind, _) = placed(&facts.namespace, "Role", "ClusterRole");
    json!({
        "metadata": metadata(&facts.name), "subjects": subjects.collect::<Vec<_>>(),
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": facts.role}
    })
}

fn ensure(server: &Server, kind: &str, namespace: &str, list: &str, wanted: Value) -> Result<(), Error> {
    let name = wanted["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let failed = |message: String| Error::Bootstrap { object: format!("{kind} {name}"), message };
    let found = server.catalog.by_kind(&format!("{GROUP}/v1"), kind);
    let found = found.ok_or_else(|| failed("the kind is not in the table of types".to_owned()))?;
    let target = Target::object(found, namespace, &name);
    let options = Options { manager: "kube-apiserver".to_owned(), ..Options::internal() };
    let written = if server.store.get(&target.key()).is_none() {
        server.create(&target, wanted, &options)
    } else {
        server.modify(&target, Part::Main, &options, |old| Ok(completed(old, list, &wanted)))
    };
    written.map(|_| ()).map_err(|status| failed(status.message().to_owned()))
}

/// The object with what is missing from `wanted`, unless it is its owner's.
fn completed(old: &Value, list: &str, wanted: &Value) -> Value {
    let mut new = old.clone();
    if old["metadata"]["annotations"][AUTOUPDATE] != "true" || wanted.get("aggregationRule").is_some() {
        return new;
    }
    let mut items = old[list].as_array().cloned().unwrap_or_default();
    let all = wanted[list].as_array().into_iter().flatten();
    let missing: Vec<_> = all.filter(|item| !items.contains(item)).cloned().collect();
    if !missing.is_empty() {
        items.extend(missing);
        new[list] = items.into();
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_has_its_role() {
        let facts: Facts = serde_json::from_str(FACTS).unwrap();
        for binding in &facts.bindings {
            let of = |role: &&RoleFacts| role.name == binding.role && role.namespace == binding.namespace;
            assert!(facts.roles.iter().any(|role| of(&role)), "{} of {:?}", binding.role, binding.namespace);
            assert!(
                binding.subjects.iter().all(|subject| matches!(subject.len(), 2 | 3)),
                "{}",
                binding.name
            );
        }
        let aggregated: Vec<_> =
            facts.roles.iter().filter(|role| role.aggregated).map(|role| &role.name).collect();
        assert_eq!(aggregated, ["admin", "edit", "view"]);
    }
}
