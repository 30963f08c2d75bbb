//! `/openapi/v2` and `/openapi/v3`, made when they are asked for.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use super::etag;
use crate::apiserver::openapi;
use crate::apiserver::server::Server;
use crate::apiserver::types::Kind;

fn kinds(server: &Server) -> Vec<Kind> {
    server.catalog.kinds().iter().map(|served| (**served).clone()).collect()
}

/// `/openapi/v2`
pub(crate) async fn openapi_v2(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    etag::answer(&headers, "application/json", &openapi::v2(&kinds(&server)))
}

/// `/openapi/v3`
pub(crate) async fn openapi_v3(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    etag::answer(&headers, "application/json", &openapi::v3_index(&kinds(&server)))
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
        _ => return (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
    };
    if !server.catalog.serves(&group, &version) {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    let document = openapi::v3_group(&kinds(&server), &group, &version);
    etag::answer(&headers, "application/json", &document)
}
