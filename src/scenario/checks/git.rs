//! `git`: what the forge has, not what a clone has.

use super::clauses::check_body;
use crate::scenario::actions::Expected;
use crate::scenario::model::{Part, Text};

check_body! {
    /// The body. The newest commit of the branch that fits is `commit`.
    pub struct Git {
        /// `<owner>/<name>`, or `<name>` of the actor's own.
        pub repo: Text,
        /// `main` when nothing is said.
        pub branch: Option<Text>,
        /// A file that the branch must have.
        pub file: Option<Text>,
        /// A file that the branch must not have.
        pub no_file: Option<Text>,
        /// What the file's text must be like.
        #[serde(default)]
        pub text: Expected,
        /// The address of the commit's author.
        pub author: Option<Text>,
        /// A regular expression that finds something in the commit's message.
        pub commit_message: Option<Text>,
        /// A commit that the branch must contain.
        pub contains: Option<Text>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Git {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo)];
        let texts = [&self.branch, &self.file, &self.no_file, &self.author, &self.contains];
        parts.extend(texts.into_iter().chain([&self.text.contains]).flatten().map(Part::Template));
        let patterns = [&self.commit_message, &self.text.matches];
        parts.extend(patterns.into_iter().flatten().map(Part::Pattern));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["commit"])));
        parts
    }
}
