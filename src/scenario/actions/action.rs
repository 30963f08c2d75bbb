//! The one list of actions.

use serde::Deserialize;

use super::{
    Apply, Chart, Cluster, Commit, Delete, Image, Install, Pause, PullRequest, Reconcile, Run, Scale, Wait,
};
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::snapshot::ObjectName;

/// An action: a map with exactly one key.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
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
    /// A pull request of the forge.
    PullRequest(Box<PullRequest>),
    /// An image, built and pushed.
    Image(Box<Image>),
    /// A chart, packaged and pushed.
    Chart(Box<Chart>),
    /// The operator, put into the cluster.
    Install(Install),
    /// The cluster itself.
    Cluster(Cluster),
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
            Self::PullRequest(body) => body.parts(),
            Self::Image(body) => body.parts(),
            Self::Chart(body) => body.parts(),
            Self::Install(_) | Self::Cluster(_) => Vec::new(),
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
            Self::PullRequest(body) => Some(body.shown(context)?),
            Self::Image(body) => Some(body.shown(context)?),
            Self::Chart(body) => Some(body.shown(context)?),
            Self::Install(body) => Some(body.shown()),
            Self::Cluster(body) => Some(body.shown()),
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
            Self::PullRequest(body) => body.perform(context).await,
            Self::Image(body) => body.perform(context).await,
            Self::Chart(body) => body.perform(context).await,
            Self::Install(body) => body.perform(context).await,
            Self::Cluster(body) => body.perform(context).await,
        }
    }

    /// The objects of the cluster that it changes by itself, as far as they can be named before.
    pub(crate) fn objects(&self, context: &Context<'_>) -> Vec<ObjectName> {
        let named = match self {
            Self::Apply(body) => body.objects(context),
            Self::Delete(body) => body.object(context).map(|object| object.into_iter().collect()),
            Self::Scale(body) => body.object(context).map(|object| vec![object]).map_err(Into::into),
            _ => Ok(Vec::new()),
        };
        // What cannot be named yet is not known before.
        named.unwrap_or_default()
    }

    /// What of the registry it changes: repository and tag.
    pub(crate) fn tag(&self, context: &Context<'_>) -> Option<(String, String)> {
        match self {
            Self::Image(body) => Some((context.text(&body.name).ok()?, context.text(&body.tag).ok()?)),
            Self::Chart(body) => body.place(context).ok(),
            _ => None,
        }
    }

    /// The repository whose pull requests it changes.
    pub(crate) fn pulls(&self, context: &Context<'_>) -> Option<(String, String)> {
        match self {
            Self::PullRequest(body) => context.repository(&body.repo).ok(),
            _ => None,
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
            Self::PullRequest(body) => body.actor.as_ref(),
            Self::Image(body) => body.actor.as_ref(),
            Self::Chart(body) => body.actor.as_ref(),
            Self::Reconcile(_) | Self::Wait(_) | Self::Pause(_) | Self::Install(_) | Self::Cluster(_) => None,
        }
    }

    /// Whether it must not be repeated.
    pub(crate) fn once(&self) -> bool {
        match self {
            Self::Run(body) => body.once,
            Self::Commit(body) => body.once,
            Self::Delete(body) => body.once,
            // A cluster that was lost must not be lost again by a run that goes on.
            Self::Cluster(_) => true,
            _ => false,
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
