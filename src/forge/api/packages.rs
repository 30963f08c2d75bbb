//! `/api/v1/packages/{owner}`: what an owner has in the registry. To push and to pull is the registry's business.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::call::{Call, blocking};
use super::paging::Page;
use super::users::{self, View, seconds};
use crate::accounts::{Package, User};

/// The only kind: charts and other artefacts come and go as images do.
const KIND: &str = "container";

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Filter {
    r#type: String,
    q: String,
}

fn owner(call: &Call, login: &str) -> Result<User, ApiError> {
    call.user()?;
    let missing = || ApiError::Gone { message: format!("user redirect does not exist [name: {login}]") };
    call.shared.users.get(login).ok_or_else(missing)
}

/// All of an owner's, with ids that count from one.
fn all(call: &Call, owner: &User) -> Vec<(usize, Package)> {
    let found = call.shared.packages.get().map(|packages| packages.of_owner(&owner.login));
    found.unwrap_or_default().into_iter().enumerate().map(|(index, package)| (index + 1, package)).collect()
}

fn answer(call: &Call, owner: &User, (id, package): &(usize, Package)) -> Value {
    let who = users::user(&call.base, owner, View::Signed);
    let Package { name, version, created } = package;
    json!({"id": id, "owner": who, "repository": null, "creator": who, "type": KIND, "name": name,
        "version": version,
        "html_url": format!("{}/{}/-/packages/{KIND}/{name}/{version}", call.base, owner.login),
        "created_at": seconds(*created)})
}

pub(crate) async fn list(
    call: Call,
    Path(login): Path<String>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let owner = owner(&call, &login)?;
    blocking(move || {
        let mut found = all(&call, &owner);
        found.retain(|(_, package)| package.name.contains(&filter.q));
        if !["", KIND].contains(&filter.r#type.as_str()) {
            found.clear();
        }
        found.reverse();
        Ok(page.of(found, |one| answer(&call, &owner, &one)))
    })
    .await
}

/// One version; the package's name may have slashes, which come encoded.
pub(crate) async fn get(
    call: Call,
    Path((login, kind, name, version)): Path<(String, String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let owner = owner(&call, &login)?;
    blocking(move || {
        let wanted = |(_, package): &(usize, Package)| {
            kind == KIND && package.name == name && package.version == version
        };
        let found = all(&call, &owner).into_iter().find(wanted);
        let missing =
            || ApiError::Gone { message: "GetVersionByNameAndVersion: package does not exist".to_owned() };
        Ok(Json(answer(&call, &owner, &found.ok_or_else(missing)?)))
    })
    .await
}
