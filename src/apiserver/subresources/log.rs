//! `GET` of a pod's `log`: the kubelet's answer, as it comes.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use serde_json::Value;

use super::kubelet::refusal;
use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

/// The parameters that the kubelet understands.
const RELAYED: [&str; 8] =
    ["follow", "previous", "tailLines", "sinceSeconds", "sinceTime", "timestamps", "limitBytes", "stream"];

/// Answers `GET`.
pub(super) async fn log(call: Call) -> Result<Response, Status> {
    let stored = call.server.store.get(&call.target.key());
    let stored = stored.ok_or_else(|| Status::not_found(call.target.named()))?;
    let pod = respond::parse(&stored.json)?;
    let container = container(&call, &pod)?;
    let plain = [(header::CONTENT_TYPE, "text/plain")];
    let Some(node) = pod.pointer("/spec/nodeName").and_then(Value::as_str).filter(|node| !node.is_empty())
    else {
        // No node, no container, no log: the real server answers with nothing as well.
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let mut query = Vec::new();
    for name in RELAYED {
        if let Some(value) = call.query.text(name) {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            query.push(format!("{name}={value}"));
        }
    }
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let name = call.target.name.as_deref().unwrap_or_default();
    let path = format!("/containerLogs/{namespace}/{name}/{container}?{}", query.join("&"));
    let headers = call.request.headers();
    let kubelets = &call.server.kubelets;
    let answer = kubelets.call(&call.server, node, Method::GET, &path, headers, Body::empty()).await?;
    if !answer.status().is_success() {
        return Err(refusal(answer).await);
    }
    Ok((plain, answer.into_body()).into_response())
}

/// The container that is meant.
pub(super) fn container(call: &Call, pod: &Value) -> Result<String, Status> {
    let names = |list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers.filter_map(|container| container["name"].as_str()).map(str::to_owned).collect()
    };
    let (main, init) = (names("containers"), names("initContainers"));
    let pod_name = call.target.name.as_deref().unwrap_or_default();
    let Some(asked) = call.query.text("container") else {
        if let [only] = main.as_slice() {
            return Ok(only.clone());
        }
        let choice = if init.is_empty() {
            String::new()
        } else {
            format!(" or one of the init containers: [{}]", init.join(" "))
        };
        return Err(Status::bad_request(format!(
            "a container name must be specified for pod {pod_name}, choose one of: [{}]{choice}",
            main.join(" ")
        )));
    };
    if main.iter().chain(&init).any(|name| name == asked) {
        Ok(asked.to_owned())
    } else {
        Err(Status::bad_request(format!("container {asked} is not valid for pod {pod_name}")))
    }
}
