//! `/openapi/v2` and `/openapi/v3`, made when they are asked for.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::etag;
use crate::apiserver::openapi;
use crate::apiserver::server::Server;
use crate::apiserver::types::Kind;

/// Makes a document of all kinds.
fn document(server: &Server, make: impl FnOnce(&[&Kind]) -> Value) -> Value {
    let all = server.catalog.kinds();
    let kinds: Vec<&Kind> = all.iter().map(|kind| &**kind).collect();
    make(&kinds)
}

/// `/openapi/v2`
pub(crate) async fn openapi_v2(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    etag::answer(&headers, "application/json", &document(&server, openapi::v2))
}

/// `/openapi/v3`
pub(crate) async fn openapi_v3(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    // The original does not say what it is, and Go's server guesses.
    etag::answer(&headers, "text/plain; charset=utf-8", &document(&server, openapi::v3_index))
}

/// `/openapi/v3/api/v1` and `/openapi/v3/apis/<group>/<version>`
pub(crate) async fn openapi_v3_group(
    State(server): State<Arc<Server>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (group, version) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => (String::new(), (*version).to_owned()),
        ["apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    if !server.catalog.serves(&group, &version) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let document = document(&server, |kinds| openapi::v3_group(kinds, &group, &version));
    etag::answer(&headers, "application/json", &document)
}
