//! `PUT` of an object.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::modify::Part;
use super::options::Options;
use crate::apiserver::meta;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Reason};

/// Answers `PUT` of an object, or of its status.
pub(crate) async fn update(mut call: Call) -> Result<Response, Status> {
    call.target.require("update")?;
    let part = match call.target.subresource.as_deref() {
        Some("status") => Part::Status,
        _ => Part::Main,
    };
    let mut options = Options::read(&call)?;
    let object;
    (object, options.repeated) = call.object_and_repeated().await?;
    if meta::text(&object, "resourceVersion").is_empty() && call.target.kind.is_custom() {
        return Err(revision_required(&call));
    }
    let written = call.server.modify(&call.target, part, &options, |_: &Value| Ok(object.clone()))?;
    written.respond(&call, StatusCode::OK)
}

fn revision_required(call: &Call) -> Status {
    let error = FieldError {
        field: "metadata.resourceVersion".to_owned(),
        reason: Reason::Invalid,
        message: "Invalid value: 0: must be specified for an update".to_owned(),
    };
    let kind = &call.target.kind;
    Status::invalid(&kind.plural, &kind.group, call.target.name.as_deref().unwrap_or_default(), &[error])
}
