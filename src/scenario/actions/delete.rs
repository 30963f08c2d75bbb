//! `delete`: objects of the cluster, by name or by labels. Objects that are not there are no error.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::scenario::model::{Part, Text};

/// The body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
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
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
    /// True when it must not be repeated.
    #[serde(default)]
    pub once: bool,
}

impl Delete {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.api_version), Part::Template(&self.kind)];
        parts.extend([&self.namespace, &self.name].into_iter().flatten().map(Part::Template));
        parts.extend(self.labels.values().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }
}
