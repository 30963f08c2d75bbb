//! `k8s`: objects of the cluster.

use std::collections::BTreeMap;

use serde_json::Value;

use super::clauses::check_body;
use crate::scenario::model::{Part, Placed, Text};

check_body! {
    /// The body: one object by name, or all with some labels.
    pub struct K8s {
        /// Such as `apps/v1`.
        #[serde(rename = "apiVersion")]
        pub api_version: Text,
        /// Such as `Deployment`.
        pub kind: Text,
        /// The actor's own when nothing is said.
        pub namespace: Option<Text>,
        /// One object.
        pub name: Option<Text>,
        /// All objects with these labels.
        #[serde(default)]
        pub labels: BTreeMap<String, Text>,
        /// A part of the object; lists in any order.
        #[serde(rename = "match")]
        pub pattern: Option<Placed<Value>>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
        /// How many objects must fit.
        pub count: Option<usize>,
        /// Whether there must be no such object.
        #[serde(default)]
        pub absent: bool,
    }
}

impl K8s {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.api_version), Part::Template(&self.kind)];
        parts.extend([&self.namespace, &self.name].into_iter().flatten().map(Part::Template));
        parts.extend(self.labels.values().map(Part::Template));
        parts.extend(self.pattern.as_ref().map(Part::Tree));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["object", "objects"])));
        parts
    }
}
