//! The file of a track.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Length, Placed, Requires, Step, Text};
use crate::scenario::actions::Action;

/// How hard a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difficulty {
    /// For everybody.
    Easy,
    /// For people who have used the tools before.
    Medium,
    /// For people who use them every day.
    Hard,
}

/// A track's scenario.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `atelier/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: Text,
    /// `Scenario`.
    pub kind: Text,
    /// The track's name.
    pub id: Text,
    /// For people.
    pub title: Text,
    /// What the track teaches, Markdown.
    pub summary: Option<Text>,
    /// The track, where it is written a second time.
    pub track: Option<Text>,
    /// How long a person needs.
    pub estimated: Option<Placed<Length>>,
    /// How hard it is.
    pub difficulty: Option<Difficulty>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What must be at hand.
    #[serde(default)]
    pub requires: Requires,
    /// Values for templates; they go before the workshop's.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// In order.
    pub steps: Vec<Placed<Step>>,
    /// Undoes what the steps did.
    #[serde(default)]
    pub cleanup: Vec<Placed<Action>>,
    /// The file's name for messages.
    #[serde(skip)]
    pub file: String,
    /// The file's text.
    #[serde(skip)]
    pub source: String,
}

impl Scenario {
    /// The step with this id.
    pub fn step(&self, id: &str) -> Option<&Placed<Step>> {
        self.steps.iter().find(|step| step.id.value == id)
    }

    /// The lines of the file that the step at `index` was read from.
    pub fn source_of(&self, index: usize) -> String {
        let begin = self.steps.get(index).map_or(0, |step| step.at.line.saturating_sub(1));
        let end = self.steps.get(index + 1).map_or(usize::MAX, |next| next.at.line.saturating_sub(1));
        let lines = self.source.lines().skip(begin).take(end.saturating_sub(begin));
        lines.flat_map(|line| [line, "\n"]).collect()
    }
}
