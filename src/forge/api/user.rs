//! `/api/v1/user`: who the caller is.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::call::{Call, Payload};
use super::paging::Page;
use super::repos::CreateRepository;
use super::users::{self, View};
use super::{ApiError, repos};

pub(crate) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    Ok(Json(users::user(&call.base, call.user()?, View::Own)))
}

pub(crate) async fn list_repos(call: Call, page: Page) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let id = call.user()?.id;
    Ok(repos::list_of(&call, id, &page))
}

pub(crate) async fn list_orgs(call: Call, page: Page) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let login = call.user()?.login.clone();
    users::list_orgs(call, Path(login), page).await
}

pub(crate) async fn create_repo(
    call: Call,
    Payload(new): Payload<CreateRepository>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let owner = call.user()?.clone();
    repos::create(call, owner, new).await
}
