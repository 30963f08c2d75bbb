//! `run` as a check: a command that only looks.

use super::clauses::check_body;
use crate::scenario::actions::Expect;
use crate::scenario::model::{Part, Text};

check_body! {
    /// The body.
    pub struct Run {
        /// The command.
        pub cmd: Text,
        /// Another folder than the actor's working folder, relative to it.
        pub cwd: Option<Text>,
        /// Another actor than the track's.
        #[serde(rename = "as")]
        pub actor: Option<Text>,
        /// What it must come to.
        #[serde(default)]
        pub expect: Expect,
    }
}

impl Run {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.cmd)];
        parts.extend(self.cwd.as_ref().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts.extend(self.expect.parts());
        parts
    }
}
