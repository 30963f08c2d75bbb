//! `reconcile`: asks Flux to look now, and waits until it has.

use serde::Deserialize;

use crate::scenario::model::{Part, Text};

/// The body: one of the two objects, `<namespace>/<name>`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// A Kustomization.
    pub kustomization: Option<Text>,
    /// A `GitRepository`.
    pub git_repository: Option<Text>,
    /// Whether the Kustomization's source is asked first.
    #[serde(default)]
    pub with_source: bool,
}

impl Reconcile {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        [&self.kustomization, &self.git_repository].into_iter().flatten().map(Part::Template).collect()
    }
}
