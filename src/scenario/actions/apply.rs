//! `apply`: manifests, by server-side apply.

use serde::Deserialize;

use crate::scenario::model::{Part, Text};

/// The body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// A file or folder beside the scenario.
    pub from: Option<Text>,
    /// The manifests themselves, a template.
    pub content: Option<Text>,
    /// True when `from` is rendered.
    #[serde(default)]
    pub template: bool,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
}

impl Apply {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<_> = self.content.iter().map(Part::Template).collect();
        parts.extend(self.from.as_ref().map(Part::File));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }
}
