//! `PUT` of a namespace's `finalize`: the one way for a client to change `spec.finalizers`.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::verbs::{Options, Part};

/// Answers `PUT`.
pub(super) async fn finalize(mut call: Call) -> Result<Response, Status> {
    let options = Options::read(&call)?;
    let object = call.object().await?;
    let finalizers = object.pointer("/spec/finalizers").cloned().unwrap_or_else(|| json!([]));
    let written = call.server.modify(&call.target, Part::Internal, &options, |old| {
        let mut new = old.clone();
        new["spec"]["finalizers"] = finalizers.clone();
        Ok(new)
    })?;
    written.respond(&call, StatusCode::OK)
}
