//! `/api/v1/teams/{id}`: a team and its members.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::paging::Page;
use super::users::{self, View};
use super::{ApiError, orgs};
use crate::accounts::{Permission, Team, User};

/// What a team's permission opens.
const UNITS: [&str; 10] = [
    "repo.actions",
    "repo.code",
    "repo.ext_issues",
    "repo.ext_wiki",
    "repo.issues",
    "repo.packages",
    "repo.projects",
    "repo.pulls",
    "repo.releases",
    "repo.wiki",
];

/// A team as part of an answer.
pub(super) fn team(call: &Call, team: &Team) -> Value {
    let org = call.shared.users.by_id(team.organization).map(|org| orgs::organization(&call.base, &org));
    let write = if team.permission == Permission::Read { "read" } else { "write" };
    let unit = |name: &str| match (team.permission, name) {
        (_, "repo.ext_issues" | "repo.ext_wiki") => "read",
        (Permission::Admin, _) => "admin",
        (Permission::Owner, _) => "owner",
        _ => write,
    };
    let map: serde_json::Map<String, Value> =
        UNITS.iter().map(|&name| (name.to_owned(), Value::from(unit(name)))).collect();
    json!({"id": team.id, "name": team.name, "description": "", "organization": org,
        "includes_all_repositories": true, "permission": team.permission, "units": UNITS, "units_map": map,
        "can_create_org_repo": team.permission >= Permission::Owner})
}

fn find(call: &Call, id: u64) -> Result<(Team, User), ApiError> {
    let user = call.user()?;
    let team = call.shared.users.team(id).ok_or_else(ApiError::missing)?;
    let org = call.shared.users.by_id(team.organization).ok_or_else(ApiError::missing)?;
    // Who is not of the organisation is not told what it consists of.
    let member = call.shared.users.team_permission(org.id, user.id).is_some();
    if member || user.is_admin { Ok((team, org)) } else { Err(ApiError::missing()) }
}

pub(crate) async fn get(call: Call, Path(id): Path<u64>) -> Result<Json<Value>, ApiError> {
    let (found, _) = find(&call, id)?;
    Ok(Json(team(&call, &found)))
}

pub(crate) async fn list_members(
    call: Call,
    Path(id): Path<u64>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let (team, _) = find(&call, id)?;
    let members = team.members.into_iter().filter_map(|id| call.shared.users.by_id(id)).collect();
    Ok(page.of(members, |member| users::user(&call.base, &member, View::Signed)))
}

pub(crate) async fn get_member(
    call: Call,
    Path((id, login)): Path<(u64, String)>,
) -> Result<Json<Value>, ApiError> {
    let (team, _) = find(&call, id)?;
    let user = call.account(&login)?;
    if !team.members.contains(&user.id) {
        return Err(ApiError::missing());
    }
    Ok(Json(users::user(&call.base, &user, View::Signed)))
}

pub(crate) async fn add_member(
    call: Call,
    Path((id, login)): Path<(u64, String)>,
) -> Result<StatusCode, ApiError> {
    set_member(&call, id, &login, true)
}

pub(crate) async fn remove_member(
    call: Call,
    Path((id, login)): Path<(u64, String)>,
) -> Result<StatusCode, ApiError> {
    set_member(&call, id, &login, false)
}

fn set_member(call: &Call, id: u64, login: &str, member: bool) -> Result<StatusCode, ApiError> {
    let (team, org) = find(call, id)?;
    orgs::owned(call, &org)?;
    let user = call.account(login)?;
    let last_owner = team.permission == Permission::Owner && team.members == [user.id];
    if !member && last_owner {
        let message = "user is the last owner of the organization".to_owned();
        return Err(ApiError::Forbidden { message });
    }
    call.shared.users.set_member(team.id, user.id, member)?;
    Ok(StatusCode::NO_CONTENT)
}
