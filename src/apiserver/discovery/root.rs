//! `/`: the paths that there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::apiserver::server::Server;

/// Every path that a client can begin at, sorted.
pub(crate) async fn root(State(server): State<Arc<Server>>) -> Json<Value> {
    let fixed = [
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/healthz",
        "/livez",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ];
    let mut paths: Vec<String> = fixed.map(str::to_owned).into();
    for kind in server.catalog.kinds().iter().filter(|kind| !kind.group.is_empty()) {
        paths.push(format!("/apis/{}", kind.group));
        paths.push(format!("/apis/{}/{}", kind.group, kind.version));
    }
    paths.sort();
    paths.dedup();
    Json(json!({ "paths": paths }))
}
