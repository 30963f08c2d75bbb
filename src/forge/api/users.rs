//! `/api/v1/users/{username}` and what a user looks like wherever one is part of an answer.

use axum::Json;
use axum::extract::Path;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::call::Call;
use super::paging::Page;
use super::{ApiError, orgs, repos};
use crate::accounts::{Kind, User};

/// How much of a user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// To everybody.
    Public,
    /// To somebody who is signed in.
    Signed,
    /// To the user and to administrators.
    Own,
}

impl View {
    pub(super) fn of(call: &Call, user: &User) -> Self {
        match &call.caller.user {
            Some(viewer) if viewer.is_admin || viewer.id == user.id => Self::Own,
            Some(_) => Self::Signed,
            None => Self::Public,
        }
    }
}

/// A user as part of an answer.
pub(crate) fn user(base: &str, user: &User, view: View) -> Value {
    let login = &user.login;
    let email = match view {
        View::Public => format!("{}@noreply.localhost", login.to_lowercase()),
        View::Signed | View::Own => user.email.clone(),
    };
    let own = view == View::Own;
    json!({
        "id": user.id, "login": login, "login_name": "", "source_id": 0, "full_name": user.full_name,
        "email": email, "avatar_url": avatar_url(base, user), "html_url": format!("{base}/{login}"),
        "language": "", "is_admin": own && user.is_admin, "last_login": "1970-01-01T00:00:00Z",
        "created": seconds(user.created), "restricted": false, "active": own, "prohibit_login": false,
        "location": "", "website": "", "description": "", "visibility": "public", "followers_count": 0,
        "following_count": 0, "starred_repos_count": 0, "username": login
    })
}

pub(super) fn avatar_url(base: &str, user: &User) -> String {
    let of = if user.email.is_empty() { &user.login } else { &user.email };
    let digest = format!("{:x}", Sha256::digest(of.to_lowercase()));
    format!("{base}/avatars/{}", &digest[..32])
}

/// A time as Gitea writes it.
pub(crate) fn seconds(time: jiff::Timestamp) -> String {
    let whole = jiff::Timestamp::from_second(time.as_second()).unwrap_or_default();
    whole.to_string()
}

pub(crate) async fn get(call: Call, Path(login): Path<String>) -> Result<Json<Value>, ApiError> {
    let found = call.account(&login)?;
    Ok(Json(user(&call.base, &found, View::of(&call, &found))))
}

pub(crate) async fn list_repos(
    call: Call,
    Path(login): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let owner = call.account(&login)?;
    Ok(repos::list_of(&call, owner.id, &page))
}

pub(crate) async fn list_orgs(
    call: Call,
    Path(login): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let member = call.account(&login)?;
    let all = call.shared.users.list(Kind::Organization);
    let of = |org: &User| call.shared.users.team_permission(org.id, member.id).is_some();
    Ok(page.of(all.into_iter().filter(of).collect(), |org| orgs::organization(&call.base, &org)))
}
