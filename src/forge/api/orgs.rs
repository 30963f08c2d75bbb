//! `/api/v1/orgs`: organisations, their repositories and teams.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Payload};
use super::paging::Page;
use super::repos::CreateRepository;
use super::users::{self, View, avatar_url};
use super::{ApiError, repos, teams};
use crate::accounts::{Kind, Permission, User};

#[derive(Deserialize)]
pub(crate) struct CreateOrganization {
    username: String,
    #[serde(default)]
    full_name: String,
}

#[derive(Deserialize)]
pub(crate) struct CreateTeam {
    name: String,
    #[serde(default = "read")]
    permission: Permission,
    #[serde(default, rename = "includes_all_repositories")]
    all: bool,
}

fn read() -> Permission {
    Permission::Read
}

/// An organisation as part of an answer.
pub(super) fn organization(base: &str, org: &User) -> Value {
    json!({"id": org.id, "name": org.login, "full_name": org.full_name, "email": org.email,
        "avatar_url": avatar_url(base, org), "description": "", "website": "", "location": "",
        "visibility": "public", "repo_admin_change_team_access": false, "username": org.login})
}

pub(super) fn find(call: &Call, name: &str) -> Result<User, ApiError> {
    let missing =
        || ApiError::NotFound { detail: Some(format!("organization does not exist [name: {name}]")) };
    call.shared.users.get(name).filter(|found| found.kind == Kind::Organization).ok_or_else(missing)
}

/// For owners of the organisation and administrators.
pub(super) fn owned(call: &Call, org: &User) -> Result<(), ApiError> {
    let user = call.user()?;
    let permission = call.shared.users.team_permission(org.id, user.id);
    if user.is_admin || permission == Some(Permission::Owner) {
        return Ok(());
    }
    Err(ApiError::OrganizationOwnerRequired)
}

pub(super) fn make(
    call: &Call,
    owner: &User,
    new: &CreateOrganization,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = call.shared.users.create_organization(&new.username, &new.full_name, owner.id)?;
    Ok((StatusCode::CREATED, Json(organization(&call.base, &made))))
}

pub(crate) async fn list(call: Call, page: Page) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let all = call.shared.users.list(Kind::Organization);
    Ok(page.of(all, |org| organization(&call.base, &org)))
}

pub(crate) async fn create(
    call: Call,
    Payload(new): Payload<CreateOrganization>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let owner = call.user()?.clone();
    make(&call, &owner, &new)
}

pub(crate) async fn get(call: Call, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(organization(&call.base, &find(&call, &name)?)))
}

pub(crate) async fn delete(call: Call, Path(name): Path<String>) -> Result<StatusCode, ApiError> {
    let org = find(&call, &name)?;
    owned(&call, &org)?;
    if !call.shared.repositories.of(org.id).is_empty() {
        let message = format!("user still has ownership of repositories [uid: {}]", org.id);
        return Err(ApiError::Invalid { message });
    }
    call.shared.users.delete(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn list_repos(
    call: Call,
    Path(name): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let org = find(&call, &name)?;
    Ok(repos::list_of(&call, org.id, &page))
}

pub(crate) async fn create_repo(
    call: Call,
    Path(name): Path<String>,
    Payload(new): Payload<CreateRepository>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    call.user()?;
    let org = find(&call, &name)?;
    owned(&call, &org)?;
    repos::create(call, org, new).await
}

pub(crate) async fn list_teams(
    call: Call,
    Path(name): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    call.user()?;
    let org = find(&call, &name)?;
    Ok(page.of(call.shared.users.teams(org.id), |team| teams::team(&call, &team)))
}

pub(crate) async fn create_team(
    call: Call,
    Path(name): Path<String>,
    Payload(new): Payload<CreateTeam>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let org = find(&call, &name)?;
    owned(&call, &org)?;
    if new.name.is_empty() || new.name.len() > 255 {
        return Err(ApiError::Invalid { message: "[Name]: Required".to_owned() });
    }
    let taken = call.shared.users.teams(org.id).iter().any(|team| team.name.eq_ignore_ascii_case(&new.name));
    if taken {
        let message = format!("team already exists [org_id: {}, name: {}]", org.id, new.name);
        return Err(ApiError::Invalid { message });
    }
    let permission = new.permission.min(Permission::Admin);
    let team = call.shared.users.create_team(org.id, &new.name, permission, new.all)?;
    Ok((StatusCode::CREATED, Json(teams::team(&call, &team))))
}

/// The members of all teams, each once.
pub(crate) async fn list_members(
    call: Call,
    Path(name): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let org = find(&call, &name)?;
    let ids: std::collections::BTreeSet<u64> =
        call.shared.users.teams(org.id).into_iter().flat_map(|team| team.members).collect();
    let members = ids.into_iter().filter_map(|id| call.shared.users.by_id(id)).collect();
    Ok(page.of(members, |member| users::user(&call.base, &member, View::of(&call, &member))))
}

pub(crate) async fn is_member(
    call: Call,
    Path((name, login)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let org = find(&call, &name)?;
    let user = call.account(&login)?;
    let member = call.shared.users.team_permission(org.id, user.id).is_some();
    if member { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
}
