//! The one list of actions.

use serde::Deserialize;

use super::{Apply, Commit, Delete, Pause, Reconcile, Run, Scale, Wait};
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

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
    /// A number of copies, set by hand.
    Scale(Box<Scale>),
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
            Self::Scale(body) => body.parts(),
            Self::Wait(body) => body.0.parts(),
            Self::Pause(body) => body.parts(),
        }
    }

    /// The command or change as shown; nothing for what is not shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<Option<String>, RenderError> {
        Ok(match self {
            Self::Run(body) => Some(body.shown(context)?),
            Self::Commit(body) => Some(body.shown(context)?),
            Self::Reconcile(body) => Some(body.shown(context)?),
            Self::Apply(body) => Some(body.shown(context)?),
            Self::Delete(body) => Some(body.shown(context)?),
            Self::Scale(body) => Some(body.shown(context)?),
            Self::Wait(body) => Some(body.shown(context)?),
            Self::Pause(_) => None,
        })
    }

    /// What a learner is told to do; nothing where there is nothing to do.
    pub(crate) async fn told(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        match self {
            Self::Commit(body) => body.told(context).await.map(Some),
            Self::Apply(body) => body.told(context).map(Some),
            Self::Reconcile(body) => Ok(body.told(context)?),
            Self::Wait(_) => Ok(None),
            other => Ok(other.shown(context)?),
        }
    }

    /// Does it.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        match self {
            Self::Run(body) => body.perform(context).await,
            Self::Commit(body) => body.perform(context).await,
            Self::Reconcile(body) => body.perform(context).await,
            Self::Apply(body) => body.perform(context).await,
            Self::Delete(body) => body.perform(context).await,
            Self::Scale(body) => body.perform(context).await,
            Self::Wait(body) => body.perform(context).await,
            Self::Pause(_) => Ok(Done { unchanged: true, ..Done::default() }),
        }
    }

    /// The actor that it runs as, where that is not the track's.
    pub(crate) fn actor(&self) -> Option<&Text> {
        match self {
            Self::Run(body) => body.actor.as_ref(),
            Self::Commit(body) => body.actor.as_ref(),
            Self::Apply(body) => body.actor.as_ref(),
            Self::Delete(body) => body.actor.as_ref(),
            Self::Scale(body) => body.actor.as_ref(),
            Self::Reconcile(_) | Self::Wait(_) | Self::Pause(_) => None,
        }
    }

    /// Whether it must not be repeated.
    pub(crate) fn once(&self) -> bool {
        match self {
            Self::Run(body) => body.once,
            Self::Commit(body) => body.once,
            Self::Delete(body) => body.once,
            Self::Apply(_) | Self::Reconcile(_) | Self::Scale(_) | Self::Wait(_) | Self::Pause(_) => false,
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
    /// What it has changed in files, if it has: for each file its path, then its lines with `+`, `-` or a blank.
    pub(crate) difference: String,
}
