//! `/api/v1/repos/{owner}/{repo}/pulls/{index}`: one pull request; with `.diff` or `.patch`, its changes as text.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::FoundPull;
use super::list::{check_text, head};
use crate::forge::api::ApiError;
use crate::forge::api::call::{Call, Payload, blocking};
use crate::forge::news;
use crate::forge::pulls::{Ends, Head, PullRequest};
use crate::forge::push;

type PullPath = Path<(String, String, String)>;

pub(in crate::forge) fn number(text: &str) -> Result<u64, ApiError> {
    text.parse().map_err(|_| ApiError::missing())
}

pub(crate) async fn get(call: Call, Path((owner, name, index)): PullPath) -> Result<Response, ApiError> {
    let found = call.repository(&owner, &name)?;
    let (index, form) = index.split_once('.').map_or((index.as_str(), ""), |(index, form)| (index, form));
    let (wanted, form) = (FoundPull::new(found, number(index)?)?, form.to_owned());
    blocking(move || {
        let text = match form.as_str() {
            "" => return Ok(Json(wanted.answer(&call, &wanted.pull)?).into_response()),
            "diff" => diff(&wanted)?,
            "patch" => patch(&wanted)?,
            _ => return Err(ApiError::missing()),
        };
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
    })
    .await
}

fn diff(wanted: &FoundPull) -> Result<Vec<u8>, ApiError> {
    let git = wanted.found.repository.open()?;
    let mut text = Vec::new();
    Ends::of(&git, &wanted.pull)?.diff(&git)?.print(git2::DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            text.extend_from_slice(line.origin().encode_utf8(&mut [0; 4]).as_bytes());
        }
        text.extend_from_slice(line.content());
        true
    })?;
    Ok(text)
}

/// One mail per commit, oldest first, as `git format-patch` writes them.
fn patch(wanted: &FoundPull) -> Result<Vec<u8>, ApiError> {
    let git = wanted.found.repository.open()?;
    let mut ids = Ends::of(&git, &wanted.pull)?.commits(&git)?;
    ids.reverse();
    let mut text = Vec::new();
    for (index, &id) in ids.iter().enumerate() {
        let commit = git.find_commit(id)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let (summary, body) = message.split_once('\n').unwrap_or((message.as_str(), ""));
        let diff = crate::forge::browse::diff(&git, &commit)?;
        let mut options = git2::EmailCreateOptions::new();
        let mail = git2::Email::from_diff(
            &diff,
            index + 1,
            ids.len(),
            &id,
            summary,
            body.trim_start(),
            &commit.author(),
            &mut options,
        )?;
        text.extend_from_slice(mail.as_slice());
        text.push(b'\n');
    }
    Ok(text)
}

/// The open one between a base and a head.
pub(crate) async fn between(
    call: Call,
    Path((owner, name, base, from)): Path<(String, String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    let (repository, branch) = head(&call, &found, &from)?;
    let wanted = Head { repository: repository.metadata().id, branch };
    let number =
        found.repository.pulls.look(|pulls| pulls.open_between(&base, &wanted).map(|pull| pull.number));
    let wanted = FoundPull::new(found, number.ok_or_else(ApiError::missing)?)?;
    blocking(move || Ok(Json(wanted.answer(&call, &wanted.pull)?))).await
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct EditPull {
    title: String,
    body: Option<String>,
    base: String,
    state: Option<String>,
}

impl EditPull {
    /// Closes or reopens.
    pub(in crate::forge) fn of_state(state: String) -> Self {
        Self { state: Some(state), ..Self::default() }
    }
}

pub(crate) async fn edit(
    call: Call,
    Path((owner, name, index)): PullPath,
    Payload(edit): Payload<EditPull>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let login = call.user()?.login.clone();
    let wanted = FoundPull::new(found, number(&index)?)?;
    wanted.editable(&call)?;
    let title = if edit.title.is_empty() { wanted.pull.title.clone() } else { edit.title.clone() };
    check_text(&title, edit.body.as_deref().unwrap_or_default())?;
    blocking(move || {
        check_base(&wanted, &edit.base)?;
        let ((pull, old), ()) = {
            let old = wanted.pull.clone();
            let (pull, ()) = wanted.change(|_, pull| apply(pull, edit, title))?;
            ((pull, old), ())
        };
        let tell = |action, changes| {
            let repository = &wanted.found.repository;
            let news = news::News { pull: &pull, action, kind: "pull_request", more: changes };
            news::tell_pull(&call.shared, repository, &news, &login, &call.base);
        };
        if old.title != pull.title {
            tell("edited", json!({"changes": {"title": {"from": old.title}}}));
        }
        if old.body != pull.body {
            tell("edited", json!({"changes": {"body": {"from": old.body}}}));
        }
        if old.is_open() != pull.is_open() {
            tell(if pull.is_open() { "reopened" } else { "closed" }, Value::Null);
        }
        Ok((StatusCode::CREATED, Json(wanted.answer(&call, &pull)?)))
    })
    .await
}

fn check_base(wanted: &FoundPull, base: &str) -> Result<(), ApiError> {
    let there = || -> Result<bool, git2::Error> {
        Ok(!push::target(&wanted.found.repository.open()?, &format!("refs/heads/{base}")).is_zero())
    };
    if base.is_empty() || there()? {
        return Ok(());
    }
    Err(ApiError::Gone { message: format!("new base '{base}' not exist") })
}

fn apply(pull: &mut PullRequest, edit: EditPull, title: String) -> Result<(), ApiError> {
    let state = edit.state.as_deref().filter(|state| !state.is_empty());
    if pull.merged.is_some() && state.is_some() {
        let message = "cannot change state of this pull request, it was already merged".to_owned();
        return Err(ApiError::Precondition { message });
    }
    match state {
        Some("closed") if pull.is_open() => pull.closed = Some(Timestamp::now()),
        Some("open") => pull.closed = None,
        Some("closed") | None => {}
        Some(other) => return Err(ApiError::Invalid { message: format!("unknown state: {other}") }),
    }
    pull.title = title;
    pull.body = edit.body.unwrap_or_else(|| pull.body.clone());
    if !edit.base.is_empty() {
        pull.base = edit.base;
    }
    Ok(())
}
