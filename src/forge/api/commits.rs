//! `/api/v1/repos/{owner}/{repo}/commits` and what a commit looks like in the several answers that have one.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue};
use git2::{Commit, Repository, Signature};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::browse::{self, instant};
use super::super::commit::checked;
use super::super::server::Shared;
use super::call::{Call, blocking};
use super::paging::Page;
use super::users::{self, View, seconds};
use super::{ApiError, repos};

/// Where a repository is, for the addresses in answers.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) base: String,
    pub(super) full_name: String,
}

impl Place {
    pub(super) fn api(&self) -> String {
        format!("{}/api/v1/repos/{}", self.base, self.full_name)
    }

    pub(super) fn html(&self) -> String {
        format!("{}/{}", self.base, self.full_name)
    }
}

pub(super) fn unverified() -> Value {
    json!({"verified": false, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": null,
        "payload": ""})
}

fn name(signature: &Signature<'_>) -> String {
    String::from_utf8_lossy(signature.name_bytes()).into_owned()
}

fn email(signature: &Signature<'_>) -> String {
    String::from_utf8_lossy(signature.email_bytes()).into_owned()
}

pub(super) fn time(signature: &Signature<'_>) -> String {
    seconds(instant(signature.when()))
}

fn person(signature: &Signature<'_>) -> Value {
    json!({"name": name(signature), "email": email(signature), "date": time(signature)})
}

pub(super) fn message(commit: &Commit<'_>) -> String {
    String::from_utf8_lossy(commit.message_bytes()).into_owned()
}

/// The account whose address the signature has.
fn account(shared: &Shared, base: &str, signature: &Signature<'_>) -> Option<Value> {
    let user = shared.users.by_email(&email(signature))?;
    Some(users::user(base, &user, View::Public))
}

fn parents(place: &Place, commit: &Commit<'_>) -> Vec<Value> {
    let created =
        |id| commit.parents().find(|parent| parent.id() == id).map(|parent| time(&parent.committer()));
    let parent = |id: git2::Oid| {
        json!({"url": format!("{}/git/commits/{id}", place.api()), "sha": id.to_string(),
        "created": created(id)})
    };
    commit.parent_ids().map(parent).collect()
}

fn tree(place: &Place, commit: &Commit<'_>) -> Value {
    let id = commit.tree_id().to_string();
    json!({"url": format!("{}/git/trees/{id}", place.api()), "sha": id, "created": time(&commit.committer())})
}

/// As `commits` and `git/commits` answer.
pub(super) fn full(
    shared: &Shared,
    git: &Repository,
    commit: &Commit<'_>,
    place: &Place,
    detail: Detail,
) -> Result<Value, git2::Error> {
    let (id, author, committer) = (commit.id().to_string(), commit.author(), commit.committer());
    let url = format!("{}/git/commits/{id}", place.api());
    let verification = if detail.verification { unverified() } else { Value::Null };
    let (mut files, mut stats) = (Value::Null, Value::Null);
    if detail.files || detail.stat {
        let changes = browse::changes(git, commit, detail.stat)?;
        let (added, deleted) = (changes.additions, changes.deletions);
        if detail.stat {
            stats = json!({"total": added + deleted, "additions": added, "deletions": deleted});
        }
        if detail.files {
            let file = |change: browse::Change| json!({"filename": change.path, "status": change.status});
            files = changes.files.into_iter().map(file).collect();
        }
    }
    Ok(json!({
        "url": url, "sha": id, "created": time(&committer), "html_url": format!("{}/commit/{id}", place.html()),
        "commit": {"url": url, "author": person(&author), "committer": person(&committer),
            "message": message(commit), "tree": tree(place, commit), "verification": verification},
        "author": account(shared, &place.base, &author), "committer": account(shared, &place.base, &committer),
        "parents": parents(place, commit), "files": files, "stats": stats
    }))
}

/// As changes of `contents` answer.
pub(super) fn of_change(commit: &Commit<'_>, place: &Place) -> Value {
    let id = commit.id().to_string();
    json!({
        "url": format!("{}/git/commits/{id}", place.api()), "sha": id, "created": time(&commit.committer()),
        "html_url": format!("{}/commit/{id}", place.html()), "author": person(&commit.author()),
        "committer": person(&commit.committer()), "parents": parents(place, commit),
        "message": message(commit), "tree": tree(place, commit)
    })
}

/// As `branches` answer.
pub(super) fn of_branch(shared: &Shared, commit: &Commit<'_>, place: &Place) -> Value {
    let mut answer = base_payload(shared, commit, &place.html());
    answer["verification"] = unverified();
    answer["timestamp"] = Value::from(time(&commit.committer()));
    for field in ["added", "removed", "modified"] {
        answer[field] = Value::Null;
    }
    answer
}

/// As webhooks send.
pub(crate) fn payload(
    shared: &Shared,
    git: &Repository,
    commit: &Commit<'_>,
    html: &str,
) -> Result<Value, git2::Error> {
    let mut answer = base_payload(shared, commit, html);
    answer["verification"] = Value::Null;
    answer["timestamp"] = Value::from(time(&commit.committer()));
    let changes = browse::changes(git, commit, false)?;
    for field in ["added", "removed", "modified"] {
        let of = |change: &&browse::Change| change.status == field;
        answer[field] = changes.files.iter().filter(of).map(|change| change.path.clone()).collect();
    }
    Ok(answer)
}

fn base_payload(shared: &Shared, commit: &Commit<'_>, html: &str) -> Value {
    let id = commit.id().to_string();
    let person = |signature: &Signature<'_>| {
        let user = shared.users.by_email(&email(signature)).map(|user| user.login).unwrap_or_default();
        json!({"name": name(signature), "email": email(signature), "username": user})
    };
    json!({"id": id, "message": message(commit), "url": format!("{html}/commit/{id}"),
        "author": person(&commit.author()), "committer": person(&commit.committer())})
}

/// What costs time and is left out on request.
#[derive(Clone, Copy)]
pub(super) struct Detail {
    pub(super) stat: bool,
    pub(super) verification: bool,
    pub(super) files: bool,
}

#[derive(Deserialize)]
pub(crate) struct Parameters {
    sha: Option<String>,
    path: Option<String>,
    stat: Option<bool>,
    verification: Option<bool>,
    files: Option<bool>,
}

impl Parameters {
    pub(super) fn detail(&self) -> Detail {
        let on = |wish: Option<bool>| wish.unwrap_or(true);
        Detail { stat: on(self.stat), verification: on(self.verification), files: on(self.files) }
    }
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let git = found.repository.open()?;
        if repos::is_empty(&git)? {
            let message = "Git Repository is empty.".to_owned();
            return Err(ApiError::Conflict { message });
        }
        let place = Place { base: call.base.clone(), full_name: found.metadata.full_name() };
        let path = parameters.path.as_deref().filter(|path| !path.is_empty()).map(checked).transpose()?;
        let start = parameters.sha.as_deref().filter(|sha| !sha.is_empty());
        let start = browse::resolve(&git, start.unwrap_or(&found.metadata.default_branch))?;
        let (ids, total) = browse::log(&git, start.id(), path.as_deref(), page.skip(), page.limit)?;
        let detail = parameters.detail();
        let commits =
            ids.into_iter().map(|id| full(&call.shared, &git, &git.find_commit(id)?, &place, detail));
        let commits = commits.collect::<Result<Vec<_>, git2::Error>>()?;
        let mut headers = page.headers(total);
        headers.insert("x-total", HeaderValue::from(total));
        headers.insert(
            "x-hasmore",
            HeaderValue::from_static(if page.skip() + page.limit < total { "true" } else { "false" }),
        );
        Ok((headers, Json(Value::Array(commits))))
    })
    .await
}
