//! `GET` or `POST` of a pod's `portforward`: connections to what runs in it, through its node's kubelet.

use axum::response::Response;

use super::upgrade::{pod_on_node, relay};
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// Answers `GET` and `POST`.
pub(super) async fn port_forward(call: Call) -> Result<Response, Status> {
    let (_, node) = pod_on_node(&call)?;
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let name = call.target.name.as_deref().unwrap_or_default();
    let path = format!("/portForward/{namespace}/{name}");
    relay(call, &node, &path).await
}
