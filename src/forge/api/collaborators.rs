//! `/api/v1/repos/{owner}/{repo}/collaborators`: people with rights of their own to one repository.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::access::Caller;
use super::ApiError;
use super::call::{Call, Payload, blocking};
use super::paging::Page;
use super::users::{self, View};
use crate::accounts::Permission;

#[derive(Deserialize)]
pub(crate) struct Added {
    permission: Option<Permission>,
}

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.repository(&owner, &name)?;
    call.user()?;
    let people = found.metadata.collaborators.keys().filter_map(|&id| call.shared.users.by_id(id)).collect();
    Ok(page.of(people, |user| users::user(&call.base, &user, View::Signed)))
}

type PersonPath = Path<(String, String, String)>;

pub(crate) async fn get(call: Call, Path((owner, name, login)): PersonPath) -> Result<StatusCode, ApiError> {
    let found = call.repository(&owner, &name)?;
    call.user()?;
    let user = call.account(&login)?;
    let is = found.metadata.collaborators.contains_key(&user.id);
    if is { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
}

pub(crate) async fn add(
    call: Call,
    Path((owner, name, login)): PersonPath,
    Payload(added): Payload<Added>,
) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    let message = format!("user does not exist [uid: 0, name: {login}]");
    let user = call.account(&login).map_err(|_| ApiError::Invalid { message })?;
    let permission = added.permission.unwrap_or(Permission::Write).min(Permission::Admin);
    blocking(move || {
        found.repository.change(|metadata| metadata.collaborators.insert(user.id, permission))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

pub(crate) async fn remove(
    call: Call,
    Path((owner, name, login)): PersonPath,
) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    let user = call.account(&login)?;
    blocking(move || {
        found.repository.change(|metadata| metadata.collaborators.remove(&user.id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

pub(crate) async fn permission(
    call: Call,
    Path((owner, name, login)): PersonPath,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    let asking = call.user()?;
    if !asking.is_admin && found.permission < Permission::Admin && !asking.login.eq_ignore_ascii_case(&login)
    {
        let message = "Only admins can query all permissions, repo admins can query all repo permissions, \
                       collaborators can query only their own";
        return Err(ApiError::Forbidden { message: message.to_owned() });
    }
    let user = call.account(&login)?;
    let of = Caller { user: Some(user.clone()), ..Default::default() };
    let permission = of.permission(&call.shared, &found.metadata);
    let word = permission.map_or(Value::from("none"), |permission| json!(permission));
    Ok(Json(
        json!({"permission": word, "role_name": word, "user": users::user(&call.base, &user, View::Signed)}),
    ))
}
