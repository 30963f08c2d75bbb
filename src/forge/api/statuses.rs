//! `/api/v1/repos/{owner}/{repo}/statuses/{sha}` and `…/commits/{ref}/status`: what checks say of a commit.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::paging::Page;
use super::repos;
use super::users::{self, View, seconds};
use crate::forge::browse;
use crate::forge::news;
use crate::forge::statuses::{State, Status, combined};

/// Bytes of each text of a status.
const TEXT: usize = 2048;

fn answer(call: &Call, found: &Found, status: &Status) -> Value {
    let creator = call.shared.users.by_id(status.creator);
    let url = format!("{}/api/v1/repos/{}/statuses/{}", call.base, found.metadata.full_name(), status.sha);
    json!({"id": status.id, "status": status.state.name(), "target_url": status.target_url,
        "description": status.description, "url": url, "context": status.context,
        "creator": creator.map(|user| users::user(&call.base, &user, View::Signed)),
        "created_at": seconds(status.created), "updated_at": seconds(status.created)})
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct CreateStatus {
    state: String,
    target_url: String,
    description: String,
    context: String,
}

type ReferencePath = Path<(String, String, String)>;

pub(crate) async fn create(
    call: Call,
    Path((owner, name, sha)): ReferencePath,
    Payload(new): Payload<CreateStatus>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.writable(&owner, &name)?;
    // Gitea stores any word, and counts those that it does not know as good ones.
    let state = State::ALL.into_iter().find(|state| state.name() == new.state);
    let state = state.ok_or_else(|| {
        let known = State::ALL.map(State::name).join(", ");
        ApiError::Invalid { message: format!("[State]: `{}` is none of {known}", new.state) }
    })?;
    if [&new.target_url, &new.description, &new.context].iter().any(|text| text.len() > TEXT) {
        return Err(ApiError::Invalid { message: format!("a status' text has over {TEXT} bytes") });
    }
    if !new.target_url.is_empty()
        && !["http://", "https://"].iter().any(|start| new.target_url.starts_with(start))
    {
        return Err(ApiError::Invalid { message: "[TargetURL]: Url".to_owned() });
    }
    let creator = call.user()?.clone();
    blocking(move || {
        let sha = commit(&found, &sha)?;
        let CreateStatus { description, target_url, context, .. } = new;
        let created = Timestamp::now();
        let made =
            Status { id: 0, sha, state, context, description, target_url, creator: creator.id, created };
        let full = || ApiError::Invalid { message: "the commit has too many statuses".to_owned() };
        let made = found.repository.statuses.change(|all| all.add(made).ok_or_else(full))?;
        news::tell_status(&call.shared, &found.repository, &made, &creator.login, &call.base);
        Ok((StatusCode::CREATED, Json(answer(&call, &found, &made))))
    })
    .await
}

fn commit(found: &Found, reference: &str) -> Result<String, ApiError> {
    let missing = |_| ApiError::NotFound {
        detail: Some(format!("object does not exist [id: {reference}, rel_path: ]")),
    };
    Ok(browse::resolve(&found.repository.open()?, reference).map_err(missing)?.id().to_string())
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Filter {
    sort: String,
    state: String,
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name, reference)): ReferencePath,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let sha = commit(&found, &reference)?;
        let mut all = found.repository.statuses.look(|all| all.of(&sha));
        all.retain(|status| filter.state.is_empty() || status.state.name() == filter.state);
        if filter.sort == "highestindex" || filter.sort == "recentupdate" {
            all.reverse();
        }
        Ok(page.of(all, |status| answer(&call, &found, &status)))
    })
    .await
}

/// All contexts together.
pub(crate) async fn together(
    call: Call,
    Path((owner, name, reference)): ReferencePath,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    blocking(move || {
        let sha = commit(&found, &reference)?;
        let current = found.repository.statuses.look(|all| all.current(&sha));
        let mut headers = HeaderMap::new();
        let Some(state) = combined(&current) else {
            let nothing = json!({"state": "", "sha": "", "total_count": 0, "statuses": null,
                "repository": null, "commit_url": "", "url": ""});
            return Ok((headers, Json(nothing)));
        };
        headers.insert("x-total-count", current.len().into());
        let permission = call.caller.user.as_ref().map(|_| found.permission);
        let repository =
            repos::repository(&call.shared, &found.repository, &found.metadata, &call.base, permission);
        let statuses: Vec<Value> = current.iter().map(|status| answer(&call, &found, status)).collect();
        Ok((
            headers,
            Json(json!({"state": state.name(), "sha": sha, "total_count": current.len(),
                "statuses": statuses, "repository": repository, "commit_url": "", "url": ""})),
        ))
    })
    .await
}
