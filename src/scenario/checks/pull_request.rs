//! `pull_request`: a pull request of the forge, and how far it is.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Look;
use super::clauses::check_body;
use crate::platform::{Error, PullRequest as Pull};
use crate::scenario::context::Context;
use crate::scenario::kubernetes::chain;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// How far a pull request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is there, and not closed.
    Open,
    /// It was merged since the step began.
    #[default]
    Merged,
    /// It was closed without being merged since the step began.
    Closed,
}

check_body! {
    /// The body. The newest pull request that fits is `pull`.
    pub struct PullRequest {
        /// `<owner>/<name>`, or `<name>` of the actor's own.
        pub repo: Text,
        /// The branch with the changes; any when nothing is said.
        pub head: Option<Text>,
        /// The branch that takes them; `main` when nothing is said.
        pub base: Option<Text>,
        /// The login of who has opened it.
        pub author: Option<Text>,
        /// How far it must be; merged when nothing is said.
        #[serde(default)]
        pub state: Stage,
        /// Whether somebody else than its author must have approved it.
        #[serde(default)]
        pub approved: bool,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl PullRequest {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo)];
        parts.extend([&self.head, &self.base, &self.author].into_iter().flatten().map(Part::Template));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["pull"])));
        parts
    }

    fn base(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(context.optional(self.base.as_ref())?.unwrap_or_else(|| "main".to_owned()))
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let (owner, name) = context.repository(&self.repo)?;
        let from =
            context.optional(self.head.as_ref())?.map(|head| format!(" from `{head}`")).unwrap_or_default();
        let author =
            context.optional(self.author.as_ref())?.map(|author| format!(" by {author}")).unwrap_or_default();
        let base = self.base(context)?;
        let state = match self.state {
            Stage::Open => "is open",
            Stage::Merged => "is merged",
            Stage::Closed => "is closed without being merged",
        };
        let approved = if self.approved { ", approved by somebody else" } else { "" };
        Ok(format!("a pull request{author}{from} into `{base}` of `{owner}/{name}` {state}{approved}"))
    }

    /// Looks at the forge's data.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let (owner, name) = context.repository(&self.repo)?;
        let base = self.base(context)?;
        let head = context.optional(self.head.as_ref())?;
        let author = context.optional(self.author.as_ref())?;
        let api = context.session.platform.forge.api();
        let look = async {
            let pulls = api.pull_requests(&owner, &name).await?;
            let fits = |pull: &&Pull| {
                head.as_ref().is_none_or(|head| pull.head == *head)
                    && author.as_ref().is_none_or(|author| pull.author == *author)
            };
            let Some(pull) = pulls.iter().filter(|pull| pull.base == base).find(fits) else {
                return Ok(Look::not_yet(missing(&pulls, &base)));
            };
            let approvals = api.approvals(&owner, &name, pull.number).await?;
            let others = approvals.iter().filter(|login| **login != pull.author).count();
            let observed = self.lack(context, pull, others);
            let value = json!({"number": pull.number, "title": pull.title, "author": pull.author, "state": pull.state,
                "merged": pull.merged, "head": pull.head, "base": pull.base, "commit": pull.head_commit,
                "approvals": approvals});
            let values: Map<String, Value> = [("pull".to_owned(), value)].into_iter().collect();
            Ok::<_, Error>(observed.map_or_else(|| Look::holds(Map::new()), Look::not_yet).with(values))
        };
        Ok(look.await.unwrap_or_else(|error| Look::not_yet(chain(&error))))
    }

    /// What is not so yet, in words.
    fn lack(&self, context: &Context<'_>, pull: &Pull, approvals: usize) -> Option<String> {
        let Pull { number, title, .. } = pull;
        let which = format!("pull request {number} \"{title}\"");
        // The forge's times are whole seconds.
        let before =
            |since: jiff::Timestamp| pull.ended.is_some_and(|ended| ended.as_second() < since.as_second());
        let old = context.since.is_some_and(before);
        match (self.state, pull.state.as_str(), pull.merged) {
            (Stage::Open, "open", _) => (),
            (Stage::Merged, _, true) | (Stage::Closed, "closed", false) if !old => (),
            (_, "open", _) => return Some(format!("{which} is still open")),
            (Stage::Merged | Stage::Closed, ..) if old => {
                return Some(format!("{which} was closed before this step began; open another"));
            }
            (_, _, true) => return Some(format!("{which} is merged")),
            _ => return Some(format!("{which} is closed without being merged")),
        }
        (self.approved && approvals == 0).then(|| format!("nobody else than its author has approved {which}"))
    }
}

/// What there is where no pull request fits.
fn missing(pulls: &[Pull], base: &str) -> String {
    match pulls.first() {
        None => "there is no pull request".to_owned(),
        Some(pull) if pull.base != base => {
            format!("the newest pull request goes into `{}`, not into `{base}`", pull.base)
        }
        Some(pull) => format!("the newest pull request is from `{}`, by {}", pull.head, pull.author),
    }
}
