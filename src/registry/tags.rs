//! `GET /v2/{name}/tags/list`.

use axum::http::Uri;
use axum::response::Response;
use serde_json::json;

use super::error::ApiError;
use super::name::Name;
use super::range;
use super::server::Shared;
use super::storage::Kind;

pub(super) fn list(shared: &Shared, name: &Name, uri: &Uri) -> Result<Response, ApiError> {
    let all = shared.storage.keys(name, Kind::Tags).ok_or(ApiError::NameUnknown)?;
    let (tags, headers) = range::part(uri, all)?;
    Ok(range::answer(headers, json!({"name": name.as_str(), "tags": tags})))
}
