//! `GET /v2/_catalog`: all repositories.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::error::ApiError;
use super::server::Shared;
use super::{access, range};

pub(super) async fn get(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = access::identify(&shared, &headers).await?;
    caller.ok_or_else(|| access::challenge(&shared, &headers))?.require_read()?;
    let all = shared.storage.names().iter().map(|name| name.as_str().to_owned()).collect();
    let (names, headers) = range::part(&uri, all)?;
    Ok(range::answer(headers, json!({"repositories": names})))
}
