//! A workshop in a lab: what a run of it needs, and how far people have come.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::Error;
use super::journal;
use super::workshop::Workshop;
use crate::events::Events;
use crate::platform::{Actor, Platform};

/// One actor in a lab.
#[derive(Clone)]
pub struct ActorContext {
    /// Who.
    pub actor: Actor,
    /// The whole environment of the actor's commands: `PATH`, `HOME`, `KUBECONFIG`, `GIT_CONFIG_GLOBAL`, …
    pub environment: BTreeMap<String, String>,
    /// Where the actor works.
    pub work: PathBuf,
    /// The actor's access token for the forge.
    pub token: String,
}

/// Loses the cluster of a lab and makes it anew; what goes wrong is told in words.
pub type Recreate = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A workshop in a lab.
pub struct Session {
    /// The lab's platform.
    pub platform: Arc<Platform>,
    /// The workshop.
    pub workshop: Workshop,
    /// By name.
    pub actors: BTreeMap<String, ActorContext>,
    /// Where the tracks' journals are.
    pub journal_folder: PathBuf,
    /// More scopes for templates: `git.url`, `forge.url`, `registry.host`, `registry.local`, `cluster.name`,
    /// `cluster.url`.
    pub values: Map<String, Value>,
    /// The operator's manifest, where set-up or a lesson installs it; objects in the order of their creation.
    pub operator: Vec<Value>,
    /// Loses the cluster and makes it anew.
    pub recreate: Recreate,
    /// Where everything that happens is told.
    pub events: Events,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has begun it.
    Pending,
    /// Somebody has begun it.
    Begun,
    /// Its checks have passed.
    Complete,
    /// It was left out.
    Skipped,
}

/// One step of a track and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// `<track>.<step>`.
    pub step: String,
    /// The title, rendered.
    pub title: String,
    /// How far it is.
    pub state: State,
    /// How long a person needs.
    pub estimated: Option<Duration>,
}

impl Session {
    /// How far a track is, from its journal.
    pub fn progress(&self, track: &str) -> Result<Vec<Progress>, Error> {
        let scenario = self.scenario(track)?;
        let history = journal::read(&self.journal_folder, track)?;
        let scope = self.scope(track, Map::new());
        let steps = scenario.steps.iter().map(|step| {
            let state = match history.step(&step.id.value) {
                Some(past) if past.complete.is_some() => State::Complete,
                Some(past) if past.skipped => State::Skipped,
                Some(_) => State::Begun,
                None => State::Pending,
            };
            let title =
                super::render::render(&step.title, &scope).unwrap_or_else(|_| step.title.value.clone());
            let estimated = step.estimated.as_ref().map(|length| length.value.0);
            Progress { step: format!("{track}.{}", step.id.value), title, state, estimated }
        });
        Ok(steps.collect())
    }
}
