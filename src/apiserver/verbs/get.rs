//! `GET` of an object.

use axum::response::Response;
use http::StatusCode;

use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// Answers `GET` of an object, or of its status.
pub(crate) fn get(call: &Call) -> Result<Response, Status> {
    call.target.require("get")?;
    let key = call.target.key();
    let stored = call.server.store.get(&key).ok_or_else(|| Status::not_found(call.target.named()))?;
    respond::object(call.request.headers(), &call.query, &call.target.kind, &stored.json, StatusCode::OK)
}
