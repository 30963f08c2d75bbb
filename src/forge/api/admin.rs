//! `/api/v1/admin`: what only administrators may do.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::call::{Call, Payload};
use super::orgs::CreateOrganization;
use super::paging::Page;
use super::repos::CreateRepository;
use super::users::{self, View};
use super::{ApiError, orgs, repos};
use crate::accounts::{Kind, NewUser, UserChange};

/// The fewest characters of a password.
const PASSWORD: usize = 8;

#[derive(Deserialize)]
pub(crate) struct CreateUser {
    username: String,
    email: String,
    #[serde(default)]
    full_name: String,
    password: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct EditUser {
    full_name: Option<String>,
    email: Option<String>,
    password: Option<String>,
    admin: Option<bool>,
}

fn check_password(password: Option<&str>) -> Result<(), ApiError> {
    match password {
        Some(password) if password.len() < PASSWORD => Err(ApiError::BadRequest {
            message: format!("password must have at least {PASSWORD} characters"),
        }),
        _ => Ok(()),
    }
}

fn check_email(email: &str) -> Result<(), ApiError> {
    let bad = |email: &str| email.len() > 254 || email.contains(char::is_whitespace) || !email.contains('@');
    if bad(email) {
        return Err(ApiError::Invalid { message: format!("e-mail invalid [email: {email}]") });
    }
    Ok(())
}

pub(crate) async fn list_users(call: Call, page: Page) -> Result<(HeaderMap, Json<Value>), ApiError> {
    call.admin()?;
    let all = call.shared.users.list(Kind::Person);
    Ok(page.of(all, |user| users::user(&call.base, &user, View::Own)))
}

pub(crate) async fn create_user(
    call: Call,
    Payload(new): Payload<CreateUser>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    call.admin()?;
    check_password(new.password.as_deref())?;
    check_email(&new.email)?;
    let CreateUser { username, email, full_name, password } = new;
    let new = NewUser { login: username, full_name, email, password, is_admin: false };
    let made = call.shared.users.create(new)?;
    Ok((StatusCode::CREATED, Json(users::user(&call.base, &made, View::Own))))
}

pub(crate) async fn edit_user(
    call: Call,
    Path(login): Path<String>,
    Payload(edit): Payload<EditUser>,
) -> Result<Json<Value>, ApiError> {
    call.admin()?;
    check_password(edit.password.as_deref())?;
    edit.email.as_deref().map_or(Ok(()), check_email)?;
    call.account(&login)?;
    let EditUser { full_name, email, password, admin } = edit;
    let change = UserChange { full_name, email, password, is_admin: admin };
    let changed = call.shared.users.update(&login, change)?;
    Ok(Json(users::user(&call.base, &changed, View::Own)))
}

pub(crate) async fn delete_user(call: Call, Path(login): Path<String>) -> Result<StatusCode, ApiError> {
    let admin = call.admin()?.id;
    let user = call.account(&login)?;
    if user.id == admin {
        return Err(ApiError::Invalid { message: "you cannot delete yourself".to_owned() });
    }
    if !call.shared.repositories.of(user.id).is_empty() {
        let message = format!("user still has ownership of repositories [uid: {}]", user.id);
        return Err(ApiError::Invalid { message });
    }
    call.shared.users.delete(&login)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn create_repo(
    call: Call,
    Path(login): Path<String>,
    Payload(new): Payload<CreateRepository>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    call.admin()?;
    let owner = call.account(&login)?;
    repos::create(call, owner, new).await
}

pub(crate) async fn create_org(
    call: Call,
    Path(login): Path<String>,
    Payload(new): Payload<CreateOrganization>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    call.admin()?;
    let owner = call.account(&login)?;
    orgs::make(&call, &owner, &new)
}
