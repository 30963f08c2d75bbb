//! `GET` of an object.

use axum::response::Response;
use http::StatusCode;

use super::list::parse_revision;
use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// Answers `GET` of an object, or of its status.
pub(crate) fn get(call: &Call) -> Result<Response, Status> {
    call.target.require("get")?;
    let asked = parse_revision(call.query.text("resourceVersion")).map_err(Status::plain)?;
    let current = call.server.store.revision();
    if let Some(asked) = asked.filter(|asked| *asked > current) {
        return Err(Status::too_large_revision(asked, current));
    }
    let key = call.target.key();
    let stored = call.server.store.get(&key).ok_or_else(|| Status::not_found(call.target.named()))?;
    respond::object(call.request.headers(), &call.query, &call.target.kind, &stored.json, StatusCode::OK)
}
