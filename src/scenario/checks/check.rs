//! The one list of checks.

use futures::stream::BoxStream;
use serde::Deserialize;

use super::{Answer, Clauses, Flux, Git, Http, K8s, Look, Run, Verdict};
use crate::scenario::context::Context;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// A check: a map with exactly one key.
#[derive(Clone, Debug, Deserialize)]
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
        }
    }

    fn conditions(&self) -> &[Text] {
        match self {
            Self::Flux(body) => &body.cel,
            Self::Http(body) => &body.cel,
            // These look at their conditions themselves.
            Self::Git(_) | Self::K8s(_) | Self::Run(_) | Self::Answer(_) => &[],
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
            Self::Http(_) | Self::Run(_) | Self::Answer(_) => None,
        }
    }

    /// Its id: the written one, or its key and its place in the chain, such as `http_3`.
    pub(crate) fn id(&self, index: usize) -> String {
        let own = self.clauses().id.map(|id| id.value.clone());
        own.unwrap_or_else(|| format!("{}_{}", self.key(), index + 1))
    }
}
