//! `GET` or `POST` of a pod's `exec`: whether a command can be run in a container is its kubelet's business.

use axum::response::Response;

use super::log::container;
use super::upgrade::{pod_on_node, relay};
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// Answers `GET` and `POST`.
pub(super) async fn exec(call: Call) -> Result<Response, Status> {
    let (pod, node) = pod_on_node(&call)?;
    if call.query.text("command").is_none() {
        return Err(Status::bad_request("you must specify at least 1 command for the container"));
    }
    let container = container(&call, &pod)?;
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let name = call.target.name.as_deref().unwrap_or_default();
    let path = format!("/exec/{namespace}/{name}/{container}");
    relay(call, &node, &path).await
}
