//! Pull requests by Gitea's REST API: opened, approved, merged, closed.
//! <https://docs.gitea.com/api/1.24/#tag/repository>

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::gitea::{repository, text};
use super::{Error, Gitea};

/// How often, and after how long, a forge is asked again that is not ready to merge.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(250);
/// What it answers meanwhile, and for good where there is a conflict.
const NOT_NOW: &str = "Please try again later";

/// One pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The login of who opened it.
    pub author: String,
    /// `open` or `closed`; a merged one is closed.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The branch with the changes.
    pub head: String,
    /// The commit at the end of that branch.
    pub head_commit: String,
    /// The branch that takes the changes.
    pub base: String,
    /// When it was merged or closed.
    pub ended: Option<Timestamp>,
}

/// How changes get into the base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeStyle {
    /// By a commit with two parents.
    #[default]
    Merge,
    /// As one commit.
    Squash,
    /// As they are, on top of the base.
    Rebase,
}

impl Gitea {
    /// All pull requests of a repository, in whatever state, the newest first.
    pub async fn pull_requests(&self, owner: &str, name: &str) -> Result<Vec<PullRequest>, Error> {
        let path = format!("{}/pulls?state=all", repository(owner, name));
        let mut found: Vec<_> = self.pages(&path, usize::MAX).await?.iter().map(pull_request).collect();
        found.sort_by_key(|pull| std::cmp::Reverse(pull.number));
        Ok(found)
    }

    /// Opens one; its number.
    pub async fn open_pull_request(
        &self,
        owner: &str,
        name: &str,
        [head, base, title, body]: [&str; 4],
    ) -> Result<i64, Error> {
        let path = format!("{}/pulls", repository(owner, name));
        let request = json!({"head": head, "base": base, "title": title, "body": body});
        let made = self.send(Method::POST, &path, Some(request)).await?;
        Ok(made["number"].as_i64().unwrap_or_default())
    }

    /// The logins of those whose last word on a pull request is that it is approved.
    pub async fn approvals(&self, owner: &str, name: &str, number: i64) -> Result<Vec<String>, Error> {
        let path = format!("{}/pulls/{number}/reviews", repository(owner, name));
        let mut approved: Vec<String> = Vec::new();
        for review in self.pages(&path, usize::MAX).await? {
            let login = text(&review["user"], "login");
            match review["state"].as_str() {
                Some("APPROVED") if review["dismissed"] != Value::Bool(true) => {
                    approved.retain(|other| *other != login);
                    approved.push(login);
                }
                Some("APPROVED" | "REQUEST_CHANGES") => approved.retain(|other| *other != login),
                _ => (),
            }
        }
        Ok(approved)
    }

    /// Approves one.
    pub async fn approve_pull_request(&self, owner: &str, name: &str, number: i64) -> Result<(), Error> {
        let path = format!("{}/pulls/{number}/reviews", repository(owner, name));
        let request = json!({"event": "APPROVED", "body": ""});
        self.send(Method::POST, &path, Some(request)).await.map(|_| ())
    }

    /// Merges one.
    pub async fn merge_pull_request(
        &self,
        owner: &str,
        name: &str,
        number: i64,
        style: MergeStyle,
    ) -> Result<(), Error> {
        let path = format!("{}/pulls/{number}/merge", repository(owner, name));
        let word = match style {
            MergeStyle::Merge => "merge",
            MergeStyle::Squash => "squash",
            MergeStyle::Rebase => "rebase",
        };
        // A real Gitea looks for conflicts in the background and tells nobody when it is done.
        for _ in 1..LOOKS {
            match self.send(Method::POST, &path, Some(json!({"Do": word}))).await {
                Err(Error::ForgeRefused { status: 405, message, .. }) if message.contains(NOT_NOW) => {
                    tokio::time::sleep(LOOK).await;
                }
                merged => return merged.map(|_| ()),
            }
        }
        self.send(Method::POST, &path, Some(json!({"Do": word}))).await.map(|_| ())
    }

    /// Closes one without merging it.
    pub async fn close_pull_request(&self, owner: &str, name: &str, number: i64) -> Result<(), Error> {
        let path = format!("{}/pulls/{number}", repository(owner, name));
        self.send(Method::PATCH, &path, Some(json!({"state": "closed"}))).await.map(|_| ())
    }
}

fn pull_request(value: &Value) -> PullRequest {
    let time = |field: &str| value[field].as_str().and_then(|text| text.parse().ok());
    PullRequest {
        number: value["number"].as_i64().unwrap_or_default(),
        title: text(value, "title"),
        author: text(&value["user"], "login"),
        state: text(value, "state"),
        merged: value["merged"] == Value::Bool(true),
        head: text(&value["head"], "ref"),
        head_commit: text(&value["head"], "sha"),
        base: text(&value["base"], "ref"),
        ended: time("merged_at").or_else(|| time("closed_at")),
    }
}
