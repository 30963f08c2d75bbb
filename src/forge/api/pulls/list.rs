//! `/api/v1/repos/{owner}/{repo}/pulls`: the list, and new ones.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Detail;
use super::answer::answer;
use crate::accounts::Permission;
use crate::forge::api::ApiError;
use crate::forge::api::call::{Call, Found, Payload, blocking};
use crate::forge::api::paging::Page;
use crate::forge::pulls::{self, Doer, Opening, PullRequest};
use crate::forge::repository::Repository;

/// Characters of a title, and bytes of a text.
const TITLE: usize = 255;
pub(in crate::forge) const TEXT: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Filter {
    state: String,
    sort: String,
    poster: String,
    base_branch: String,
}

impl Filter {
    /// Those that are wanted, in the wanted order.
    fn of(&self, call: &Call, mut all: Vec<PullRequest>) -> Vec<PullRequest> {
        match self.state.as_str() {
            "closed" => all.retain(|pull| !pull.is_open()),
            "all" => {}
            _ => all.retain(PullRequest::is_open),
        }
        if !self.base_branch.is_empty() {
            all.retain(|pull| pull.base == self.base_branch);
        }
        if !self.poster.is_empty() {
            let poster = call.shared.users.get(&self.poster).map(|user| user.id);
            all.retain(|pull| Some(pull.author) == poster);
        }
        match self.sort.as_str() {
            "oldest" => all.sort_by_key(|pull| pull.number),
            "recentupdate" => all.sort_by_key(|pull| Reverse((pull.updated, pull.number))),
            "leastupdate" => all.sort_by_key(|pull| (pull.updated, pull.number)),
            "mostcomment" => all.sort_by_key(|pull| Reverse((pull.talk(), pull.number))),
            "leastcomment" => all.sort_by_key(|pull| (pull.talk(), pull.number)),
            _ => all.sort_by_key(|pull| Reverse(pull.number)),
        }
        all
    }
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let all = found.repository.pulls.look(|pulls| pulls.all.values().cloned().collect());
        let wanted = filter.of(&call, all);
        let part: Vec<_> = wanted.iter().skip(page.skip()).take(page.limit).collect();
        let part = part.into_iter().map(|pull| answer(&call, &found, pull, Detail::Listed));
        let part = part.collect::<Result<Vec<_>, _>>()?;
        Ok((page.headers(wanted.len()), Json(Value::Array(part))))
    })
    .await
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct CreatePull {
    pub(in crate::forge) title: String,
    pub(in crate::forge) body: String,
    pub(in crate::forge) head: String,
    pub(in crate::forge) base: String,
}

pub(in crate::forge) fn check_text(title: &str, body: &str) -> Result<(), ApiError> {
    let message = match () {
        () if title.trim().is_empty() => "[Title]: Required".to_owned(),
        () if title.chars().count() > TITLE => format!("[Title]: MaxSize {TITLE}"),
        () if body.len() > TEXT => format!("[Body]: MaxSize {TEXT}"),
        () => return Ok(()),
    };
    Err(ApiError::Invalid { message })
}

/// `branch`, or `owner:branch` of a fork.
pub(super) fn head(call: &Call, found: &Found, text: &str) -> Result<(Arc<Repository>, String), ApiError> {
    let Some((owner, branch)) = text.split_once(':') else {
        return Ok((found.repository.clone(), text.to_owned()));
    };
    let owner = call.shared.users.get(owner);
    let owner =
        owner.ok_or_else(|| ApiError::Unknown { message: "GetUserByName".to_owned(), detail: None })?;
    if owner.id == found.metadata.owner {
        return Ok((found.repository.clone(), branch.to_owned()));
    }
    let mut theirs = call.shared.repositories.of(owner.id).into_iter();
    let fork = theirs.find(|other| other.metadata().parent == Some(found.metadata.id));
    let seen = fork.filter(|fork| call.caller.permission(&call.shared, &fork.metadata()).is_some());
    Ok((seen.ok_or_else(ApiError::missing)?, branch.to_owned()))
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(new): Payload<CreatePull>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    found.alive()?;
    check_text(&new.title, &new.body)?;
    let (from, branch) = head(&call, &found, &new.head)?;
    // Whose branch it is not, may not offer it.
    if call.caller.permission(&call.shared, &from.metadata()) < Some(Permission::Write) {
        return Err(ApiError::Forbidden { message: "user must be a collaborator".to_owned() });
    }
    blocking(move || {
        let doer = Doer { user: &user, permission: found.permission, base: &call.base };
        let CreatePull { title, body, base, .. } = new;
        let opening = Opening { title, body, base, from, branch };
        let made = pulls::open(&call.shared, &found.repository, &doer, opening)?;
        Ok((StatusCode::CREATED, Json(answer(&call, &found, &made, Detail::Single)?)))
    })
    .await
}
