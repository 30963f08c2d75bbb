//! `pause`: a break for the trainer's words; nothing happens without a trainer.

use serde::Deserialize;

use crate::scenario::model::{Part, Text};

/// The body.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// What to say or to ask.
    pub message: Text,
}

impl Pause {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        vec![Part::Template(&self.message)]
    }
}
