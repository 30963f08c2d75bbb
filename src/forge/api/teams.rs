//! `/api/v1/teams/{id}`: a team, its members, and the repositories that its right is for.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Call, Found, Payload};
use super::paging::Page;
use super::users::{self, View};
use super::{ApiError, orgs, repos};
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
        "includes_all_repositories": team.all_repositories, "permission": team.permission, "units": UNITS, "units_map": map,
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

/// A team that the caller may change.
fn owned(call: &Call, id: u64) -> Result<(Team, User), ApiError> {
    call.user()?;
    let (team, org) = find(call, id)?;
    orgs::owned(call, &org)?;
    Ok((team, org))
}

#[derive(Deserialize)]
pub(crate) struct EditTeam {
    #[serde(default)]
    name: String,
    permission: Option<Permission>,
    #[serde(rename = "includes_all_repositories")]
    all: Option<bool>,
}

pub(crate) async fn edit(
    call: Call,
    Path(id): Path<u64>,
    Payload(edit): Payload<EditTeam>,
) -> Result<Json<Value>, ApiError> {
    let (old, _) = owned(&call, id)?;
    if edit.name.len() > 255 {
        return Err(ApiError::Invalid { message: "[Name]: MaxSize 255".to_owned() });
    }
    // The owners stay what they are.
    let fixed = old.permission == Permission::Owner;
    let changed = call.shared.users.change_team(id, |team| {
        if !edit.name.is_empty() && !fixed {
            team.name = edit.name;
        }
        if let Some(permission) = edit.permission.filter(|_| !fixed) {
            team.permission = permission.min(Permission::Admin);
        }
        if let Some(all) = edit.all.filter(|_| !fixed) {
            team.all_repositories = all;
        }
    })?;
    Ok(Json(team(&call, &changed)))
}

pub(crate) async fn delete(call: Call, Path(id): Path<u64>) -> Result<StatusCode, ApiError> {
    let (team, _) = owned(&call, id)?;
    if team.permission == Permission::Owner {
        return Err(ApiError::Forbidden { message: "the owners' team cannot be deleted".to_owned() });
    }
    call.shared.users.delete_team(id)?;
    Ok(StatusCode::NO_CONTENT)
}

fn has(team: &Team, repository: u64) -> bool {
    team.all_repositories || team.repositories.contains(&repository)
}

pub(crate) async fn list_repos(
    call: Call,
    Path(id): Path<u64>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    call.user()?;
    let (team, org) = find(&call, id)?;
    let mut all = call.shared.repositories.of(org.id);
    all.retain(|repository| has(&team, repository.metadata().id));
    Ok(repos::listed(&call, all, &page))
}

type RepositoryPath = Path<(u64, String, String)>;

/// A repository of the team's organisation.
fn of_team(call: &Call, team: &Team, owner: &str, name: &str) -> Result<Found, ApiError> {
    let found = call.repository(owner, name)?;
    if found.metadata.owner == team.organization { Ok(found) } else { Err(ApiError::missing()) }
}

pub(crate) async fn get_repo(
    call: Call,
    Path((id, owner, name)): RepositoryPath,
) -> Result<Json<Value>, ApiError> {
    call.user()?;
    let (team, _) = find(&call, id)?;
    let found = of_team(&call, &team, &owner, &name)?;
    if !has(&team, found.metadata.id) {
        return Err(ApiError::missing());
    }
    Ok(Json(repos::answer(&call, &found.repository, found.permission)))
}

pub(crate) async fn add_repo(
    call: Call,
    Path((id, owner, name)): RepositoryPath,
) -> Result<StatusCode, ApiError> {
    set_repository(&call, id, &owner, &name, true)
}

pub(crate) async fn remove_repo(
    call: Call,
    Path((id, owner, name)): RepositoryPath,
) -> Result<StatusCode, ApiError> {
    set_repository(&call, id, &owner, &name, false)
}

fn set_repository(call: &Call, id: u64, owner: &str, name: &str, has: bool) -> Result<StatusCode, ApiError> {
    let (team, _) = owned(call, id)?;
    let repository = of_team(call, &team, owner, name)?.metadata.id;
    call.shared.users.change_team(id, |team| {
        if has {
            team.repositories.insert(repository);
        } else {
            team.repositories.remove(&repository);
        }
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// The teams that the caller is in.
pub(crate) async fn list_own(call: Call, page: Page) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let user = call.user()?.id;
    let orgs = call.shared.users.list(crate::accounts::Kind::Organization).into_iter();
    let teams = orgs.flat_map(|org| call.shared.users.teams(org.id));
    let own = teams.filter(|team| team.members.contains(&user)).collect();
    Ok(page.of(own, |found| team(&call, &found)))
}
