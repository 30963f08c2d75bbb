//! Pull requests and commit statuses by Gitea's REST API: what somebody does in a lesson, done by the tool. The
//! client's user is who does it. <https://docs.gitea.com/api/1.24/>

use std::time::Duration;

use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Error;
use super::gitea::{Gitea, PATH, repository, segment, text};

/// A real Gitea looks for conflicts in the background and tells of neither end; so it is asked again this often,
const LOOK: Duration = Duration::from_millis(250);
/// this many times.
const LOOKS: u32 = 20;
/// What it answers meanwhile, and for good where there is a conflict.
const NOT_NOW: &str = "Please try again later";

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// Its number in its repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// `open` or `closed`; a merged one is closed.
    pub state: String,
    /// The login of its author.
    pub author: String,
    /// The branch to be merged into.
    pub base: String,
    /// The branch to be merged.
    pub head: String,
    /// The newest commit of that branch.
    pub head_commit: String,
    /// Whether git can merge it; a real Gitea says no until it has looked.
    pub mergeable: bool,
    /// The commit that merged it, once it is merged.
    pub merge_commit: Option<String>,
}

/// A pull request to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPull<'a> {
    /// One line.
    pub title: &'a str,
    /// More lines, or nothing.
    pub body: &'a str,
    /// The branch to be merged, or `<owner>:<branch>` of a fork.
    pub head: &'a str,
    /// The branch to be merged into.
    pub base: &'a str,
}

/// What a reviewer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Good.
    Approve,
    /// Not yet; needs words.
    RequestChanges,
    /// Neither; needs words.
    Comment,
}

impl Verdict {
    fn event(self) -> &'static str {
        match self {
            Self::Approve => "APPROVED",
            Self::RequestChanges => "REQUEST_CHANGES",
            Self::Comment => "COMMENT",
        }
    }
}

/// A reviewer's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The reviewer's login.
    pub user: String,
    /// `APPROVED`, `REQUEST_CHANGES`, `COMMENT` or `REQUEST_REVIEW`.
    pub state: String,
    /// Whether it counts no more.
    pub dismissed: bool,
}

/// How a pull request is merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeStyle {
    /// A commit with two parents.
    #[default]
    Merge,
    /// The commits again, on top of the base.
    Rebase,
    /// The same, and a commit with two parents.
    RebaseMerge,
    /// One commit of all changes.
    Squash,
    /// The base moves to the head.
    FastForwardOnly,
}

impl MergeStyle {
    fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::RebaseMerge => "rebase-merge",
            Self::Squash => "squash",
            Self::FastForwardOnly => "fast-forward-only",
        }
    }
}

/// What a check says of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommitStatus {
    /// `pending`, `success`, `warning`, `failure` or `error`.
    pub state: String,
    /// Which check: `ci/build`.
    pub context: String,
    /// One line for people.
    pub description: String,
    /// Where more is told, or nothing.
    pub target_url: String,
}

impl Gitea {
    /// Opens a pull request.
    pub async fn create_pull(
        &self,
        owner: &str,
        name: &str,
        new: &NewPull<'_>,
    ) -> Result<PullRequest, Error> {
        let NewPull { title, body, head, base } = new;
        let body = json!({"title": title, "body": body, "head": head, "base": base});
        Ok(pull(&self.send(Method::POST, &pulls(owner, name), Some(body)).await?))
    }

    /// The pull requests of a state (`open`, `closed` or `all`), newest first.
    pub async fn pulls(&self, owner: &str, name: &str, state: &str) -> Result<Vec<PullRequest>, Error> {
        let path = format!("{}?state={}", pulls(owner, name), segment(state));
        Ok(self.pages(&path, usize::MAX).await?.iter().map(pull).collect())
    }

    /// One pull request, if it is there.
    pub async fn pull(&self, owner: &str, name: &str, number: u64) -> Result<Option<PullRequest>, Error> {
        Ok(self.get(&format!("{}/{number}", pulls(owner, name))).await?.as_ref().map(pull))
    }

    /// The open pull request from one branch to another, if there is one.
    pub async fn pull_between(
        &self,
        owner: &str,
        name: &str,
        base: &str,
        head: &str,
    ) -> Result<Option<PullRequest>, Error> {
        let head = utf8_percent_encode(head, PATH);
        let path = format!("{}/{}/{head}", pulls(owner, name), segment(base));
        Ok(self.get(&path).await?.as_ref().map(pull))
    }

    /// Says what the client's user thinks of a pull request.
    pub async fn review(
        &self,
        owner: &str,
        name: &str,
        number: u64,
        verdict: Verdict,
        words: &str,
    ) -> Result<(), Error> {
        let path = format!("{}/{number}/reviews", pulls(owner, name));
        let body = json!({"event": verdict.event(), "body": words});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// What reviewers have said, oldest first.
    pub async fn reviews(&self, owner: &str, name: &str, number: u64) -> Result<Vec<Review>, Error> {
        let all = self.pages(&format!("{}/{number}/reviews", pulls(owner, name)), usize::MAX).await?;
        let review = |value: &Value| Review {
            user: text(&value["user"], "login"),
            state: text(value, "state"),
            dismissed: value["dismissed"] == true,
        };
        Ok(all.iter().map(review).collect())
    }

    /// Merges a pull request. That a rule of the branch holds it back is the forge's refusal, in the forge's words.
    pub async fn merge_pull(
        &self,
        owner: &str,
        name: &str,
        number: u64,
        style: MergeStyle,
        delete_branch: bool,
    ) -> Result<(), Error> {
        let path = format!("{}/{number}/merge", pulls(owner, name));
        let body = json!({"Do": style.word(), "delete_branch_after_merge": delete_branch});
        for _ in 1..LOOKS {
            match self.send(Method::POST, &path, Some(body.clone())).await {
                Err(Error::ForgeRefused { status: 405, message, .. }) if message == NOT_NOW => {
                    tokio::time::sleep(LOOK).await;
                }
                answered => return answered.map(|_| ()),
            }
        }
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// Closes a pull request without merging it.
    pub async fn close_pull(&self, owner: &str, name: &str, number: u64) -> Result<(), Error> {
        let path = format!("{}/{number}", pulls(owner, name));
        self.send(Method::PATCH, &path, Some(json!({"state": "closed"}))).await.map(|_| ())
    }

    /// Says what a check found in a commit.
    pub async fn set_status(
        &self,
        owner: &str,
        name: &str,
        sha: &str,
        status: &CommitStatus,
    ) -> Result<(), Error> {
        let path = format!("{}/statuses/{}", repository(owner, name), segment(sha));
        let CommitStatus { state, context, description, target_url } = status;
        let body =
            json!({"state": state, "context": context, "description": description, "target_url": target_url});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// The newest status of each check of a branch or commit.
    pub async fn statuses(
        &self,
        owner: &str,
        name: &str,
        reference: &str,
    ) -> Result<Vec<CommitStatus>, Error> {
        let path = format!("{}/commits/{}/status", repository(owner, name), segment(reference));
        let answer = self.get(&path).await?.unwrap_or_default();
        let status = |value: &Value| CommitStatus {
            state: text(value, "status"),
            context: text(value, "context"),
            description: text(value, "description"),
            target_url: text(value, "target_url"),
        };
        Ok(answer["statuses"].as_array().into_iter().flatten().map(status).collect())
    }

    /// Protects a branch: nobody pushes to it, and a pull request to it needs approvals and good checks.
    pub async fn protect_branch(
        &self,
        owner: &str,
        name: &str,
        branch: &str,
        approvals: u64,
        checks: &[&str],
    ) -> Result<(), Error> {
        let path = format!("{}/branch_protections", repository(owner, name));
        let body = json!({"rule_name": branch, "enable_push": false, "required_approvals": approvals,
            "enable_status_check": !checks.is_empty(), "status_check_contexts": checks,
            "block_on_rejected_reviews": true});
        self.send(Method::POST, &path, Some(body)).await.map(|_| ())
    }
}

fn pulls(owner: &str, name: &str) -> String {
    format!("{}/pulls", repository(owner, name))
}

fn pull(value: &Value) -> PullRequest {
    PullRequest {
        number: value["number"].as_u64().unwrap_or_default(),
        title: text(value, "title"),
        state: text(value, "state"),
        author: text(&value["user"], "login"),
        base: text(&value["base"], "ref"),
        head: text(&value["head"], "label"),
        head_commit: text(&value["head"], "sha"),
        mergeable: value["mergeable"] == true,
        merge_commit: value["merge_commit_sha"].as_str().map(str::to_owned),
    }
}
