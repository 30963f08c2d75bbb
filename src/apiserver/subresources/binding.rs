//! `POST` to a pod's `binding`: a scheduler says which node the pod shall run on.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::review;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::verbs::{Options, Part};
use crate::apiserver::{meta, respond};

/// Answers `POST`.
pub(super) async fn bind(mut call: Call) -> Result<Response, Status> {
    let options = Options::read(&call)?;
    let binding = call.object().await?;
    if call.target.name.as_deref() != Some(meta::text(&binding, "name")) {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    review::posted(&call, &binding)?;
    let node = binding.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = binding.pointer("/target/kind").and_then(Value::as_str).unwrap_or("Node");
    if node.is_empty() || !matches!(kind, "" | "Node") {
        return Err(Status::unprocessable(
            "Binding \"\" is invalid: target.name: Required value: a binding names a node",
        ));
    }
    let name = call.target.name.clone().unwrap_or_default();
    let conflict = |why: String| Status::conflict(call.target.named(), &why);
    call.server.modify(&call.target, Part::Internal, &options, |old| {
        if old["metadata"].get("deletionTimestamp").is_some() {
            return Err(conflict(format!("pod {name} is being deleted, cannot be assigned to a host")));
        }
        let assigned = old.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
        if !assigned.is_empty() {
            return Err(conflict(format!("pod {name} is already assigned to node {assigned:?}")));
        }
        let mut new = old.clone();
        new["spec"]["nodeName"] = node.as_str().into();
        let scheduled = json!({
            "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": meta::now(),
        });
        let mut conditions = new["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.retain(|condition| condition["type"] != "PodScheduled");
        conditions.push(scheduled);
        new["status"]["conditions"] = conditions.into();
        Ok(new)
    })?;
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(respond::value(&call.query, StatusCode::CREATED, &status))
}
