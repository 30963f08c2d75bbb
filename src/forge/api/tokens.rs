//! `/api/v1/users/{username}/tokens`: access tokens, made with a password.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, Payload};
use super::paging::Page;
use super::users::seconds;
use crate::accounts::{Token, User};

#[derive(Deserialize)]
pub(crate) struct CreateToken {
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
}

const CATEGORIES: [&str; 9] = [
    "activitypub",
    "admin",
    "issue",
    "misc",
    "notification",
    "organization",
    "package",
    "repository",
    "user",
];

fn is_scope(scope: &str) -> bool {
    let known = |rest: &str| CATEGORIES.contains(&rest);
    matches!(scope, "all" | "public-only")
        || scope.strip_prefix("read:").is_some_and(known)
        || scope.strip_prefix("write:").is_some_and(known)
}

/// The secret is told only when the token is made.
fn token(token: &Token, secret: &str) -> Value {
    json!({"id": token.id, "name": token.name, "sha1": secret, "token_last_eight": token.last_eight,
        "scopes": token.scopes, "created_at": seconds(token.created), "last_used_at": "0001-01-01T00:00:00Z"})
}

/// Tokens are the business of their user, who shows so with a password, and of administrators.
fn owner(call: &Call, login: &str) -> Result<User, ApiError> {
    if !call.caller.basic {
        return Err(ApiError::PasswordRequired);
    }
    let user = call.user()?;
    let owner = call.account(login)?;
    if owner.id == user.id || user.is_admin { Ok(owner) } else { Err(ApiError::AdminRequired) }
}

pub(crate) async fn list(
    call: Call,
    Path(login): Path<String>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let owner = owner(&call, &login)?;
    Ok(page.of(call.shared.users.tokens(owner.id), |found| token(&found, "")))
}

pub(crate) async fn create(
    call: Call,
    Path(login): Path<String>,
    Payload(new): Payload<CreateToken>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let owner = owner(&call, &login)?;
    if new.scopes.is_empty() {
        return Err(ApiError::BadRequest { message: "access token must have a scope".to_owned() });
    }
    if let Some(bad) = new.scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(ApiError::BadRequest { message: format!("invalid access token scope: {bad}") });
    }
    if new.name.is_empty() || new.name.len() > 255 {
        return Err(ApiError::Invalid { message: "[Name]: Required".to_owned() });
    }
    let (made, secret) = call.shared.users.create_token(owner.id, &new.name, new.scopes)?;
    Ok((StatusCode::CREATED, Json(token(&made, &secret))))
}

pub(crate) async fn delete(
    call: Call,
    Path((login, name)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let owner = owner(&call, &login)?;
    let gone = call.shared.users.delete_token(owner.id, &name)?;
    if gone { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::missing()) }
}
