//! `GET` or `POST` of a pod's `attach`: the streams of what runs in a container, as its kubelet has them.

use axum::response::Response;

use super::log::container;
use super::upgrade::{pod_on_node, relay};
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// Answers `GET` and `POST`.
pub(super) async fn attach(call: Call) -> Result<Response, Status> {
    let (pod, node) = pod_on_node(&call)?;
    let container = container(&call, &pod)?;
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let name = call.target.name.as_deref().unwrap_or_default();
    let path = format!("/attach/{namespace}/{name}/{container}");
    relay(call, &node, &path).await
}
