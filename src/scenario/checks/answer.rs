//! `answer`: a question to a person.

use super::clauses::check_body;
use crate::scenario::model::{Part, Text};

check_body! {
    /// The body.
    pub struct Answer {
        /// The question.
        pub ask: Text,
        /// Regular expressions; one of them must find something in the answer.
        pub accept: Vec<Text>,
        /// The answer of a rehearsal.
        pub given: Text,
    }
}

impl Answer {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.ask), Part::Template(&self.given)];
        parts.extend(self.accept.iter().map(Part::Pattern));
        parts
    }
}
