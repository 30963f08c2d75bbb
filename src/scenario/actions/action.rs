//! The one list of actions.

use serde::Deserialize;

use super::{Apply, Commit, Delete, Pause, Reconcile, Run, Wait};
use crate::scenario::model::{Part, Text};

/// An action: a map with exactly one key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A command in a shell.
    Run(Box<Run>),
    /// A commit that is pushed.
    Commit(Box<Commit>),
    /// A request to Flux.
    Reconcile(Box<Reconcile>),
    /// Manifests, applied.
    Apply(Box<Apply>),
    /// Objects, deleted.
    Delete(Box<Delete>),
    /// A check that must hold before the next action.
    Wait(Box<Wait>),
    /// A break for the trainer's words.
    Pause(Box<Pause>),
}

impl Action {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        match self {
            Self::Run(body) => body.parts(),
            Self::Commit(body) => body.parts(),
            Self::Reconcile(body) => body.parts(),
            Self::Apply(body) => body.parts(),
            Self::Delete(body) => body.parts(),
            Self::Wait(body) => body.0.parts(),
            Self::Pause(body) => body.parts(),
        }
    }

    /// The actor that it runs as, where that is not the track's.
    pub(crate) fn actor(&self) -> Option<&Text> {
        match self {
            Self::Run(body) => body.actor.as_ref(),
            Self::Commit(body) => body.actor.as_ref(),
            Self::Apply(body) => body.actor.as_ref(),
            Self::Delete(body) => body.actor.as_ref(),
            Self::Reconcile(_) | Self::Wait(_) | Self::Pause(_) => None,
        }
    }

    /// Whether it must not be repeated.
    pub(crate) fn once(&self) -> bool {
        match self {
            Self::Run(body) => body.once,
            Self::Commit(body) => body.once,
            Self::Delete(body) => body.once,
            Self::Apply(_) | Self::Reconcile(_) | Self::Wait(_) | Self::Pause(_) => false,
        }
    }
}

/// What an action did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// True when nothing had to be done.
    pub(crate) unchanged: bool,
    /// What it printed, if it printed.
    pub(crate) output: String,
}
