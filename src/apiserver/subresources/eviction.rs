//! `POST` to a pod's `eviction`: a deletion by somebody who asks first. Disruption budgets are not looked at yet.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::verbs::DeleteOptions;

/// Answers `POST`.
pub(super) async fn evict(mut call: Call) -> Result<Response, Status> {
    let eviction = call.object().await?;
    let options = eviction.get("deleteOptions").cloned().unwrap_or_else(|| json!({}));
    let bytes = options.to_string();
    let options = DeleteOptions::read(&http::HeaderMap::new(), &call.query, bytes.as_bytes())?;
    call.server.delete(&call.target, &options)?;
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(respond::value(&call.query, StatusCode::CREATED, &status))
}
