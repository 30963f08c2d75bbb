//! `/api/v1/repos/{owner}/{repo}/issues`: pull requests as issues, and their comments. There are no other issues.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::paging::Page;
use super::users::{self, View, seconds};
use crate::accounts::Permission;
use crate::forge::metadata::Metadata;
use crate::forge::news;
use crate::forge::pulls::{Comment, PullRequest};
use crate::forge::server::Shared;

/// Comments of one pull request, and bytes of one.
const LIMIT: usize = 10_000;
const TEXT: usize = 64 << 10;

/// A pull request as an issue.
pub(crate) fn issue(
    shared: &Shared,
    base: &str,
    metadata: &Metadata,
    pull: &PullRequest,
    view: View,
) -> Value {
    let full_name = metadata.full_name();
    let html = format!("{base}/{full_name}/pulls/{}", pull.number);
    let author = shared.users.by_id(pull.author).map(|user| users::user(base, &user, view));
    json!({
        "id": pull.number, "url": format!("{base}/api/v1/repos/{full_name}/issues/{}", pull.number),
        "html_url": html, "number": pull.number, "user": author, "original_author": "", "original_author_id": 0,
        "title": pull.title, "body": pull.body, "ref": "", "assets": [], "labels": [], "milestone": null,
        "assignee": null, "assignees": null, "state": if pull.is_open() { "open" } else { "closed" },
        "is_locked": false, "comments": pull.talk(), "created_at": seconds(pull.created),
        "updated_at": seconds(pull.updated), "closed_at": pull.closed.map(seconds), "due_date": null,
        "pull_request": {"merged": pull.merged.is_some(),
            "merged_at": pull.merged.as_ref().map(|merged| seconds(merged.at)), "draft": pull.is_draft(),
            "html_url": html},
        "repository": {"id": metadata.id, "name": metadata.name, "owner": metadata.owner_name,
            "full_name": full_name},
        "pin_order": 0
    })
}

/// A comment as part of an answer.
pub(crate) fn comment(
    shared: &Shared,
    base: &str,
    metadata: &Metadata,
    pull: &PullRequest,
    comment: &Comment,
    view: View,
) -> Value {
    let html = format!("{base}/{}/pulls/{}", metadata.full_name(), pull.number);
    let author = shared.users.by_id(comment.user).map(|user| users::user(base, &user, view));
    json!({
        "id": comment.id, "html_url": format!("{html}#issuecomment-{}", comment.id), "pull_request_url": html,
        "issue_url": "", "user": author, "original_author": "", "original_author_id": 0, "body": comment.body,
        "assets": [], "created_at": seconds(comment.created), "updated_at": seconds(comment.updated)
    })
}

fn view(call: &Call) -> View {
    if call.caller.user.is_some() { View::Signed } else { View::Public }
}

fn find(found: &Found, number: u64) -> Result<PullRequest, ApiError> {
    found.repository.pulls.look(|pulls| pulls.all.get(&number).cloned()).ok_or_else(ApiError::missing)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Filter {
    state: String,
    r#type: String,
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let wanted = |pull: &&PullRequest| match filter.state.as_str() {
        _ if filter.r#type == "issues" => false,
        "all" => true,
        "closed" => !pull.is_open(),
        _ => pull.is_open(),
    };
    let all: Vec<_> =
        found.repository.pulls.look(|pulls| pulls.all.values().rev().filter(wanted).cloned().collect());
    Ok(page.of(all, |pull| issue(&call.shared, &call.base, &found.metadata, &pull, view(&call))))
}

type NumberPath = Path<(String, String, u64)>;

pub(crate) async fn get(
    call: Call,
    Path((owner, name, number)): NumberPath,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    let pull = find(&found, number)?;
    Ok(Json(issue(&call.shared, &call.base, &found.metadata, &pull, view(&call))))
}

pub(crate) async fn list_comments(
    call: Call,
    Path((owner, name, number)): NumberPath,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let pull = find(&found, number)?;
    Ok(page.of(pull.comments.clone(), |one| {
        comment(&call.shared, &call.base, &found.metadata, &pull, &one, view(&call))
    }))
}

#[derive(Deserialize)]
pub(crate) struct Text {
    #[serde(default)]
    pub(in crate::forge) body: String,
}

impl Text {
    fn checked(self) -> Result<String, ApiError> {
        match self.body.len() {
            0 => Err(ApiError::Invalid { message: "[Body]: Required".to_owned() }),
            1..=TEXT => Ok(self.body),
            _ => Err(ApiError::Invalid { message: format!("[Body]: MaxSize {TEXT}") }),
        }
    }
}

pub(crate) async fn create_comment(
    call: Call,
    Path((owner, name, number)): NumberPath,
    Payload(text): Payload<Text>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    let body = text.checked()?;
    found.alive()?;
    blocking(move || {
        let (pull, made) = say(&found, number, user.id, body)?;
        let told = comment(&call.shared, &call.base, &found.metadata, &pull, &made, View::Signed);
        news::tell_comment(&call.shared, &found.repository, &pull, &told, &user.login, &call.base);
        Ok((StatusCode::CREATED, Json(told)))
    })
    .await
}

/// Adds a comment.
pub(crate) fn say(
    found: &Found,
    number: u64,
    user: u64,
    body: String,
) -> Result<(PullRequest, Comment), ApiError> {
    found.repository.pulls.change(|pulls| {
        let id = pulls.next_comment();
        let pull = pulls.all.get_mut(&number).ok_or_else(ApiError::missing)?;
        if pull.comments.len() >= LIMIT {
            return Err(ApiError::Invalid { message: format!("there are {LIMIT} comments already") });
        }
        let now = Timestamp::now();
        let made = Comment { id, user, body, created: now, updated: now };
        pull.comments.push(made.clone());
        pull.updated = now;
        Ok((pull.clone(), made))
    })
}

fn find_comment(found: &Found, id: u64) -> Result<(PullRequest, Comment), ApiError> {
    let missing =
        || ApiError::NotFound { detail: Some(format!("comment does not exist [id: {id}, issue_id: 0]")) };
    found
        .repository
        .pulls
        .look(|pulls| {
            pulls.all.values().find_map(|pull| {
                let one = pull.comments.iter().find(|one| one.id == id)?;
                Some((pull.clone(), one.clone()))
            })
        })
        .ok_or_else(missing)
}

pub(crate) async fn get_comment(
    call: Call,
    Path((owner, name, id)): NumberPath,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    let (pull, one) = find_comment(&found, id)?;
    Ok(Json(comment(&call.shared, &call.base, &found.metadata, &pull, &one, view(&call))))
}

/// A comment that the caller may change: the author, and whoever may administer the repository.
fn own_comment(call: &Call, owner: &str, name: &str, id: u64) -> Result<(Found, PullRequest), ApiError> {
    let found = call.repository(owner, name)?;
    let user = call.user()?;
    let (pull, one) = find_comment(&found, id)?;
    if one.user != user.id && found.permission < Permission::Admin {
        return Err(ApiError::Forbid);
    }
    Ok((found, pull))
}

pub(crate) async fn edit_comment(
    call: Call,
    Path((owner, name, id)): NumberPath,
    Payload(text): Payload<Text>,
) -> Result<Json<Value>, ApiError> {
    let (found, pull) = own_comment(&call, &owner, &name, id)?;
    let body = text.checked()?;
    blocking(move || {
        let changed = found.repository.pulls.change(|pulls| {
            let pull = pulls.all.get_mut(&pull.number).ok_or_else(ApiError::missing)?;
            let one = pull.comments.iter_mut().find(|one| one.id == id).ok_or_else(ApiError::missing)?;
            (one.body, one.updated) = (body, Timestamp::now());
            Ok::<_, ApiError>(one.clone())
        })?;
        Ok(Json(comment(&call.shared, &call.base, &found.metadata, &pull, &changed, view(&call))))
    })
    .await
}

pub(crate) async fn delete_comment(
    call: Call,
    Path((owner, name, id)): NumberPath,
) -> Result<StatusCode, ApiError> {
    let (found, pull) = own_comment(&call, &owner, &name, id)?;
    blocking(move || {
        found.repository.pulls.change(|pulls| {
            let pull = pulls.all.get_mut(&pull.number).ok_or_else(ApiError::missing)?;
            pull.comments.retain(|one| one.id != id);
            Ok::<_, ApiError>(())
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
