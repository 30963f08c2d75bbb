//! `http`: an answer of an application, through its Service or at an address.

use serde::Deserialize;
use serde_json::Value;

use super::clauses::check_body;
use crate::scenario::model::{Part, Placed, Text};

/// What the answer's body must be like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// A part of it.
    pub contains: Option<Text>,
    /// A regular expression that finds something in it.
    pub matches: Option<Text>,
    /// A part of the JSON that it is.
    pub json: Option<Placed<Value>>,
}

check_body! {
    /// The body: one of `service` and `url`.
    pub struct Http {
        /// `<namespace>/<service>:<port>`.
        pub service: Option<Text>,
        /// An address.
        pub url: Option<Text>,
        /// The path below the service; `/` when nothing is said.
        pub path: Option<Text>,
        /// The status; 200 when nothing is said.
        pub status: Option<u16>,
        /// What the answer's body must be like.
        #[serde(default)]
        pub body: Body,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Http {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let texts = [&self.service, &self.url, &self.path, &self.body.contains];
        let mut parts: Vec<_> = texts.into_iter().flatten().map(Part::Template).collect();
        parts.extend(self.body.matches.as_ref().map(Part::Pattern));
        parts.extend(self.body.json.as_ref().map(Part::Tree));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["response"])));
        parts
    }
}
