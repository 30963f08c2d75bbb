//! The keys that all checks have in common. They stand in every body (a macro writes them), because a flattened
//! struct would lose the places in the file.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::scenario::model::{Length, Part, Placed, Text};

/// How long a check may take where its author says nothing.
const WITHIN: Duration = Duration::from_secs(60);
/// How often a check looks that nothing wakes, where its author says nothing.
const EVERY: Duration = Duration::from_secs(2);

/// The common keys of one check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clauses<'a> {
    pub(crate) id: Option<&'a Text>,
    pub(crate) within: Option<&'a Placed<Length>>,
    pub(crate) every: Option<&'a Placed<Length>>,
    pub(crate) stable_for: Option<&'a Placed<Length>>,
    pub(crate) hold: bool,
    pub(crate) give_up_when: &'a [Text],
    pub(crate) save: &'a BTreeMap<String, Text>,
    pub(crate) title: Option<&'a Text>,
    pub(crate) message: Option<&'a Text>,
}

impl<'a> Clauses<'a> {
    /// How long the check may take.
    pub(crate) fn within(&self) -> Duration {
        self.within.map_or(WITHIN, |length| length.value.0)
    }

    /// How often it looks where nothing wakes it.
    pub(crate) fn every(&self) -> Duration {
        self.every.map_or(EVERY, |length| length.value.0).max(Duration::from_millis(50))
    }

    /// How long it must go on holding.
    pub(crate) fn stable_for(&self) -> Duration {
        self.stable_for.map_or(Duration::ZERO, |length| length.value.0)
    }

    /// The strings that lint looks at.
    pub(crate) fn parts(&self, variables: &'static [&'static str]) -> Vec<Part<'a>> {
        let texts = [self.title, self.message].into_iter().flatten();
        let mut parts: Vec<_> = texts.map(Part::Template).collect();
        let expressions = self.give_up_when.iter().chain(self.save.values());
        parts.extend(expressions.map(|text| Part::Expression(text, variables)));
        parts
    }
}

/// Writes a check's body with the common keys, and its `clauses`.
macro_rules! check_body {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $kind,)*
            /// For facts, hints and messages; the kind and its number in the step when nothing is said.
            pub id: Option<$crate::scenario::model::Text>,
            /// How long it may take, from the moment that the check above it passed.
            pub within: Option<$crate::scenario::model::Placed<$crate::scenario::model::Length>>,
            /// How often it looks, where nothing wakes it.
            pub every: Option<$crate::scenario::model::Placed<$crate::scenario::model::Length>>,
            /// How long it must go on holding.
            pub stable_for: Option<$crate::scenario::model::Placed<$crate::scenario::model::Length>>,
            /// Whether it must also hold at the end of every later step.
            #[serde(default)]
            pub hold: bool,
            /// Expressions; when one holds, the check will not pass any more.
            #[serde(default)]
            pub give_up_when: Vec<$crate::scenario::model::Text>,
            /// Facts for later: expressions by name.
            #[serde(default)]
            pub save: std::collections::BTreeMap<String, $crate::scenario::model::Text>,
            /// What must become true, in the author's words, to go after "waits until"; else it is told from the body.
            pub title: Option<$crate::scenario::model::Text>,
            /// Shown while it does not hold.
            pub message: Option<$crate::scenario::model::Text>,
        }

        impl $name {
            /// The keys that all checks have.
            pub(crate) fn clauses(&self) -> $crate::scenario::checks::Clauses<'_> {
                $crate::scenario::checks::Clauses {
                    id: self.id.as_ref(),
                    within: self.within.as_ref(),
                    every: self.every.as_ref(),
                    stable_for: self.stable_for.as_ref(),
                    hold: self.hold,
                    give_up_when: &self.give_up_when,
                    save: &self.save,
                    title: self.title.as_ref(),
                    message: self.message.as_ref(),
                }
            }
        }
    };
}

pub(crate) use check_body;
