//! The one list of checks.

use futures::stream::BoxStream;
use serde::Deserialize;

use super::{Answer, Clauses, Flux, Git, Http, K8s, Look, Not, PullRequest, Registry, Run, Several, Verdict};
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// A check: a map with exactly one key.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A repository of the forge.
    Git(Box<Git>),
    /// An object of Flux.
    Flux(Box<Flux>),
    /// Objects of the cluster.
    K8s(Box<K8s>),
    /// An answer over HTTP.
    Http(Box<Http>),
    /// A command that changes nothing.
    Run(Box<Run>),
    /// A question to a person.
    Answer(Box<Answer>),
    /// A pull request of the forge.
    PullRequest(Box<PullRequest>),
    /// What the registry has.
    Registry(Box<Registry>),
    /// One of several checks.
    Any(Box<Several>),
    /// All of several checks.
    All(Box<Several>),
    /// A check that must not hold.
    Not(Box<Not>),
}

impl Check {
    /// The YAML key.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Git(_) => "git",
            Self::Flux(_) => "flux",
            Self::K8s(_) => "k8s",
            Self::Http(_) => "http",
            Self::Run(_) => "run",
            Self::Answer(_) => "answer",
            Self::PullRequest(_) => "pull_request",
            Self::Registry(_) => "registry",
            Self::Any(_) => "any",
            Self::All(_) => "all",
            Self::Not(_) => "not",
        }
    }

    /// The keys that all checks have.
    pub(crate) fn clauses(&self) -> Clauses<'_> {
        match self {
            Self::Git(body) => body.clauses(),
            Self::Flux(body) => body.clauses(),
            Self::K8s(body) => body.clauses(),
            Self::Http(body) => body.clauses(),
            Self::Run(body) => body.clauses(),
            Self::Answer(body) => body.clauses(),
            Self::PullRequest(body) => body.clauses(),
            Self::Registry(body) => body.clauses(),
            Self::Any(body) | Self::All(body) => body.clauses(),
            Self::Not(body) => body.clauses(),
        }
    }

    /// The variables that its expressions may use, besides `facts`.
    pub(crate) fn variables(&self) -> &'static [&'static str] {
        match self {
            Self::Git(_) => &["commit"],
            Self::Flux(_) => &["object", "ready"],
            Self::K8s(_) => &["object", "objects"],
            Self::Http(_) => &["response"],
            Self::Run(_) => &["stdout", "stderr", "exit"],
            Self::Answer(_) => &["answer"],
            Self::PullRequest(_) => &["pull"],
            Self::Registry(_) => &["artifact"],
            Self::Any(_) | Self::All(_) | Self::Not(_) => &[],
        }
    }

    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = match self {
            Self::Git(body) => body.parts(),
            Self::Flux(body) => body.parts(),
            Self::K8s(body) => body.parts(),
            Self::Http(body) => body.parts(),
            Self::Run(body) => body.parts(),
            Self::Answer(body) => body.parts(),
            Self::PullRequest(body) => body.parts(),
            Self::Registry(body) => body.parts(),
            Self::Any(body) | Self::All(body) => body.parts(),
            Self::Not(body) => body.parts(),
        };
        parts.extend(self.clauses().parts(self.variables()));
        parts
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        if let Some(title) = self.clauses().title {
            return Ok(context.text(title)?.trim_end().to_owned());
        }
        match self {
            Self::Git(body) => body.expects(context),
            Self::Flux(body) => body.expects(context),
            Self::K8s(body) => body.expects(context),
            Self::Http(body) => body.expects(context),
            Self::Run(body) => body.expects(context),
            Self::Answer(body) => body.expects(context),
            Self::PullRequest(body) => body.expects(context),
            Self::Registry(body) => body.expects(context),
            Self::Any(body) => body.expects(context, ", or "),
            Self::All(body) => body.expects(context, ", and "),
            Self::Not(body) => body.expects(context),
        }
    }

    fn conditions(&self) -> &[Text] {
        match self {
            Self::Flux(body) => &body.cel,
            Self::Http(body) => &body.cel,
            Self::PullRequest(body) => &body.cel,
            Self::Registry(body) => &body.cel,
            // These look at their conditions themselves.
            Self::Git(_)
            | Self::K8s(_)
            | Self::Run(_)
            | Self::Answer(_)
            | Self::Any(_)
            | Self::All(_)
            | Self::Not(_) => &[],
        }
    }

    /// Looks once.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Look {
        let look = match self {
            Self::Git(body) => body.look(context).await,
            Self::Flux(body) => body.look(context).await,
            Self::K8s(body) => body.look(context).await,
            Self::Http(body) => body.look(context).await,
            Self::Run(body) => body.look(context).await,
            Self::Answer(body) => body.look(context),
            Self::PullRequest(body) => body.look(context).await,
            Self::Registry(body) => body.look(context).await,
            Self::Any(body) => Ok(body.look_any(context).await),
            Self::All(body) => Ok(body.look_all(context).await),
            Self::Not(body) => Ok(body.look(context).await),
        };
        let clauses = self.clauses();
        let mut look = look.unwrap_or_else(Look::from).and(context, &clauses, self.conditions());
        if let (Verdict::NotYet(observed), Some(message)) = (&mut look.verdict, clauses.message)
            && let Ok(message) = context.text(message)
        {
            // That an expression is not true says less than the author's words.
            *observed = if observed.ends_with("is not true") {
                message.trim_end().to_owned()
            } else {
                format!("{} ({observed})", message.trim_end())
            };
        }
        look
    }

    /// Says when to look again; nothing where nothing tells.
    pub(crate) async fn wakes(&self, context: &Context<'_>) -> Option<BoxStream<'static, ()>> {
        match self {
            Self::Git(body) => body.wakes(context).await,
            Self::Flux(body) => body.wakes(context).await,
            Self::K8s(body) => body.wakes(context).await,
            Self::Any(body) | Self::All(body) => body.wakes(context).await,
            Self::Not(body) => body.wakes(context).await,
            Self::Http(_) | Self::Run(_) | Self::Answer(_) | Self::PullRequest(_) | Self::Registry(_) => None,
        }
    }

    /// Its id: the written one, or its key and its place in the chain, such as `http_3`.
    pub(crate) fn id(&self, index: usize) -> String {
        let own = self.clauses().id.map(|id| id.value.clone());
        own.unwrap_or_else(|| format!("{}_{}", self.key(), index + 1))
    }
}
