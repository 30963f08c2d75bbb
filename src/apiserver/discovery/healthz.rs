//! `/healthz`, `/livez` and `/readyz`, and the single checks below them.
//! <https://kubernetes.io/docs/reference/using-api/health-checks/>

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

/// The checks that people ask for one by one. They all are the same: the server answers.
const CHECKS: [&str; 5] = ["etcd", "informer-sync", "log", "ping", "shutdown"];

/// The server answers, so it is well: it opens its store before it listens.
pub(crate) async fn healthz() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, private"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::OK, headers, "ok").into_response()
}

/// One check.
pub(crate) async fn check(Path(name): Path<String>) -> Response {
    if CHECKS.contains(&name.as_str()) {
        return healthz().await;
    }
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}
