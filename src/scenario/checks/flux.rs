//! `flux`: an object of Flux is ready, for a commit where one is named.

use super::clauses::check_body;
use crate::scenario::model::{Part, Text};

check_body! {
    /// The body: one of the two objects, `<namespace>/<name>`.
    pub struct Flux {
        /// A Kustomization.
        pub kustomization: Option<Text>,
        /// A `GitRepository`.
        pub git_repository: Option<Text>,
        /// A commit that it must have applied (or fetched): that one or a descendant.
        pub revision: Option<Text>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Flux {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let texts = [&self.kustomization, &self.git_repository, &self.revision];
        let mut parts: Vec<_> = texts.into_iter().flatten().map(Part::Template).collect();
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["object", "ready"])));
        parts
    }
}
