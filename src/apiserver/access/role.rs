//! Roles and bindings as they are stored, read into what the index needs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::rule::Rule;

/// A `Role` or a `ClusterRole`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Role {
    #[serde(deserialize_with = "or_default")]
    pub(super) rules: Vec<Rule>,
    #[serde(deserialize_with = "or_default")]
    aggregation_rule: Aggregation,
    metadata: Metadata,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Aggregation {
    #[serde(deserialize_with = "or_default")]
    cluster_role_selectors: Vec<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    labels: Value,
}

impl Role {
    /// The selectors of the roles whose rules this one has.
    pub(super) fn selectors(&self) -> &[Value] {
        &self.aggregation_rule.cluster_role_selectors
    }

    /// Its labels, an object or nothing.
    pub(super) fn labels(&self) -> &Value {
        &self.metadata.labels
    }
}

/// A `RoleBinding` or a `ClusterRoleBinding`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Binding {
    pub(super) role_ref: RoleRef,
    #[serde(deserialize_with = "or_default")]
    pub(super) subjects: Vec<Subject>,
}

/// The role of a binding.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RoleRef {
    pub(super) kind: String,
    pub(super) name: String,
}

impl RoleRef {
    /// The namespace of the role, seen from a binding in `namespace`.
    pub(super) fn place<'a>(&self, namespace: &'a str) -> &'a str {
        if self.kind == "ClusterRole" { "" } else { namespace }
    }

    /// The resource of the role.
    pub(super) fn plural(&self) -> &'static str {
        if self.kind == "ClusterRole" { "clusterroles" } else { "roles" }
    }
}

/// Whom a binding speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Subject {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, namespace } = self;
        if namespace.is_empty() {
            write!(formatter, "{kind} {name:?}")
        } else {
            write!(formatter, "{kind} \"{name}/{namespace}\"")
        }
    }
}

/// `null` says as much as nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Roles by namespace, empty for cluster roles, and name.
pub(super) type Roles = BTreeMap<(Arc<str>, Arc<str>), Arc<Role>>;
