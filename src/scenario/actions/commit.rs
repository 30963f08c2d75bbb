//! `commit`: a change of files in a repository of the forge, pushed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::scenario::model::{Part, Placed, Text};

/// One file (or folder) of a commit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitFile {
    /// Where it goes in the repository.
    pub path: Text,
    /// A file or folder beside the scenario.
    pub from: Option<Text>,
    /// The contents themselves.
    pub content: Option<Text>,
    /// Values to set in the YAML file that is there, by path: `spec.replicas: 4`, `images.0.newTag: 1.1.0`.
    #[serde(default)]
    pub set: BTreeMap<String, Placed<Value>>,
    /// True when `from` is rendered; files are verbatim by default, since other tools use the same braces.
    #[serde(default)]
    pub template: bool,
}

/// The body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// `<owner>/<name>`, or `<name>` of the actor's own.
    pub repo: Text,
    /// `main` when nothing is said.
    pub branch: Option<Text>,
    /// The commit's message.
    pub message: Text,
    /// Files to write.
    #[serde(default)]
    pub files: Vec<CommitFile>,
    /// Files and folders to remove.
    #[serde(default)]
    pub remove: Vec<Text>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
    /// True when it must not be repeated.
    #[serde(default)]
    pub once: bool,
}

impl Commit {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo), Part::Template(&self.message)];
        parts.extend(self.branch.as_ref().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts.extend(self.remove.iter().map(Part::Template));
        for file in &self.files {
            parts.push(Part::Template(&file.path));
            parts.extend(file.from.as_ref().map(Part::File));
            parts.extend(file.content.as_ref().map(Part::Template));
            parts.extend(file.set.values().map(Part::Tree));
        }
        parts
    }
}
