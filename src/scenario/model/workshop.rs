//! `workshop.yaml`: what a lab of this workshop has, and which tracks there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Placed, Term, Text};
use crate::objects::Image;
use crate::platform;

/// One track.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// For people.
    pub title: Text,
    /// What it teaches.
    pub summary: Option<Text>,
    /// Who does it; the track's own name by default.
    pub actor: Option<Text>,
}

/// An actor as written; the gaps are filled from the name.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActorEntry {
    full_name: Option<String>,
    email: Option<String>,
    namespace: Option<String>,
    #[serde(default)]
    administrator: bool,
}

/// A repository that set-up makes.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// A user or an organisation.
    pub owner: Text,
    /// The name below it.
    pub name: Text,
    /// A folder of `templates/`: the first commit's tree. Nothing means an empty first commit.
    pub from: Option<Text>,
    /// Branches that take pull requests only.
    #[serde(default)]
    pub protected_branches: Vec<Text>,
    /// Whether only its owner, and who is named in `readers`, may read it.
    #[serde(default)]
    pub private: bool,
    /// Actors who may read it and not write to it, where it is private.
    #[serde(default)]
    pub readers: Vec<Text>,
}

/// A cluster of the lab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// How many nodes.
    #[serde(default = "one")]
    pub nodes: u8,
}

fn one() -> u8 {
    1
}

fn yes() -> bool {
    true
}

/// An application that people can open in a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The word for it.
    pub name: String,
    /// `<namespace>/<service>:<port>`.
    pub service: String,
}

/// What a person's machine must have.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Programs on `PATH`, with the versions that will do.
    #[serde(default)]
    pub tools: BTreeMap<String, Text>,
}

/// The file as written.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkshopFile {
    #[serde(rename = "apiVersion")]
    pub(crate) api_version: Text,
    pub(crate) kind: Text,
    pub(crate) id: Text,
    pub(crate) title: Text,
    pub(crate) summary: Option<Text>,
    pub(crate) tracks: BTreeMap<String, Placed<Track>>,
    pub(crate) actors: BTreeMap<String, Placed<ActorEntry>>,
    #[serde(default)]
    pub(crate) repositories: Vec<Repository>,
    #[serde(default)]
    pub(crate) clusters: BTreeMap<String, Cluster>,
    #[serde(default = "yes")]
    pub(crate) operator: bool,
    #[serde(default)]
    pub(crate) images: Vec<Image>,
    #[serde(default)]
    pub(crate) apps: Vec<App>,
    #[serde(default)]
    pub(crate) vars: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) platforms: Vec<platform::Kind>,
    #[serde(default)]
    pub(crate) env: Environment,
    #[serde(default)]
    pub(crate) glossary: BTreeMap<String, Term>,
}

impl WorkshopFile {
    /// The actors, with every gap filled.
    pub(crate) fn people(&self) -> Vec<platform::Actor> {
        let person = |(name, entry): (&String, &Placed<ActorEntry>)| platform::Actor {
            name: name.clone(),
            full_name: entry.full_name.clone().unwrap_or_else(|| name.clone()),
            email: entry.email.clone().unwrap_or_else(|| format!("{name}@atelier.internal")),
            namespace: entry.namespace.clone().unwrap_or_else(|| name.clone()),
            administrator: entry.administrator,
        };
        self.actors.iter().map(person).collect()
    }
}
