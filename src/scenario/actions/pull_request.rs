//! `pull_request`: opens, approves, merges or closes a pull request of the forge, by Gitea's REST API.

use std::time::Duration;

use serde::Deserialize;

use super::Done;
use crate::platform::{self, Gitea, MergeStyle, PullRequest as Pull};
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// How long a forge may need to find out whether a branch can be merged.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two attempts to merge; nothing tells when the forge has found out.
const PAUSE: Duration = Duration::from_millis(200);

/// What is done with a pull request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It is opened.
    #[default]
    Open,
    /// It is approved.
    Approve,
    /// It is merged.
    Merge,
    /// It is closed without being merged.
    Close,
}

/// The body.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// `<owner>/<name>`, or `<name>` of the actor's own.
    pub repo: Text,
    /// What is done; it is opened when nothing is said.
    #[serde(default)]
    pub act: Act,
    /// The branch with the changes.
    pub head: Text,
    /// The branch that takes them; `main` when nothing is said.
    pub base: Option<Text>,
    /// Its title; the name of the branch when nothing is said.
    pub title: Option<Text>,
    /// What it is about, Markdown.
    pub body: Option<Text>,
    /// How it is merged.
    #[serde(default)]
    pub style: MergeStyle,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
}

impl PullRequest {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo), Part::Template(&self.head)];
        let texts = [&self.base, &self.title, &self.body];
        parts.extend(texts.into_iter().flatten().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    fn place(&self, context: &Context<'_>) -> Result<Place, RenderError> {
        let (owner, name) = context.repository(&self.repo)?;
        let head = context.text(&self.head)?;
        let base = context.optional(self.base.as_ref())?.unwrap_or_else(|| "main".to_owned());
        Ok(Place { owner, name, head, base })
    }

    /// What is done and where, as shown: this is a person's work in a browser.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let Place { owner, name, head, base } = self.place(context)?;
        let url = format!("{}/{owner}/{name}", context.session.platform.forge.url());
        let which = format!("the pull request from `{head}` into `{base}` of `{owner}/{name}`");
        Ok(match self.act {
            Act::Open => {
                let title = context.optional(self.title.as_ref())?.unwrap_or_else(|| head.clone());
                format!("# open a pull request \"{title}\": {url}/compare/{base}...{head}")
            }
            Act::Approve => format!("# approve {which}: {url}/pulls"),
            Act::Merge => format!("# merge {which}: {url}/pulls"),
            Act::Close => format!("# close {which}: {url}/pulls"),
        })
    }

    /// Does it, with the actor's own token.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let place = self.place(context)?;
        let api = Gitea::with_token(&context.session.platform.forge.url(), &actor.token);
        let pulls = api.pull_requests(&place.owner, &place.name).await?;
        let mut pulls = pulls.into_iter().filter(|pull| pull.head == place.head && pull.base == place.base);
        let unchanged = || Ok(Done { unchanged: true, ..Done::default() });
        if self.act == Act::Open {
            let head = api.branch(&place.owner, &place.name, &place.head).await?.map(|branch| branch.commit);
            if pulls
                .any(|pull| pull.state == "open" || pull.merged && Some(&pull.head_commit) == head.as_ref())
            {
                return unchanged();
            }
            let title = context.optional(self.title.as_ref())?.unwrap_or_else(|| place.head.clone());
            let body = context.optional(self.body.as_ref())?.unwrap_or_default();
            let texts = [place.head.as_str(), &place.base, &title, &body];
            let number = api.open_pull_request(&place.owner, &place.name, texts).await?;
            return Ok(Done { output: format!("pull request {number} opened"), ..Done::default() });
        }
        let (open, ended): (Vec<Pull>, Vec<Pull>) = pulls.partition(|pull| pull.state == "open");
        let Some(pull) = open.first() else {
            let done = ended.first().is_some_and(|pull| pull.merged || self.act == Act::Close);
            return if done { unchanged() } else { Err(place.missing()) };
        };
        let word = match self.act {
            Act::Approve if self.is_approved(&api, &place, pull, &actor.actor.name).await? => {
                return unchanged();
            }
            Act::Approve => {
                api.approve_pull_request(&place.owner, &place.name, pull.number).await?;
                "approved"
            }
            Act::Close => {
                api.close_pull_request(&place.owner, &place.name, pull.number).await?;
                "closed"
            }
            Act::Merge | Act::Open => {
                merge(&api, &place, pull.number, self.style).await?;
                "merged"
            }
        };
        Ok(Done { output: format!("pull request {} {word}", pull.number), ..Done::default() })
    }

    async fn is_approved(
        &self,
        api: &Gitea,
        place: &Place,
        pull: &Pull,
        login: &str,
    ) -> Result<bool, ActionError> {
        let approved = api.approvals(&place.owner, &place.name, pull.number).await?;
        Ok(approved.iter().any(|other| other == login))
    }
}

/// Merges. A forge answers 405 as long as it has not found out whether that is possible.
async fn merge(api: &Gitea, place: &Place, number: i64, style: MergeStyle) -> Result<(), ActionError> {
    let mut last = None;
    let mut again = tokio::time::interval(PAUSE);
    let work = async {
        loop {
            again.tick().await;
            match api.merge_pull_request(&place.owner, &place.name, number, style).await {
                Err(platform::Error::ForgeRefused { status: 405, message, .. })
                    if message.contains("try again") =>
                {
                    last = Some(message);
                }
                other => return other,
            }
        }
    };
    match tokio::time::timeout(LIMIT, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(ActionError::TimedOut {
            expects: format!("the merge of pull request {number}"),
            limit: LIMIT,
            observed: last.unwrap_or_default(),
        }),
    }
}

struct Place {
    owner: String,
    name: String,
    head: String,
    base: String,
}

impl Place {
    fn missing(&self) -> ActionError {
        let Self { owner, name, head, base } = self;
        ActionError::Body(format!("`{owner}/{name}` has no open pull request from `{head}` into `{base}`"))
    }
}
