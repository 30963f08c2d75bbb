//! `/proxy` of Pods and Services: HTTP to what a pod serves, through the kubelet of its node, as pods have no
//! address that this machine could reach.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::Value;

use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::selectors;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;

/// A pod and one of its ports.
struct Backend {
    node: String,
    pod: String,
    port: u64,
}

/// Answers any method.
pub(super) async fn proxy(mut call: Call) -> Result<Response, Status> {
    let asked = call.target.name.clone().unwrap_or_default();
    let (name, port) = split(&asked);
    if call.target.rest.is_empty() {
        // Relative links of a page need the slash.
        let location = format!("{}/", call.request.uri().path());
        return Ok((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response());
    }
    call.target.name = Some(name.to_owned());
    let stored = call.server.store.get(&call.target.key());
    let stored = stored.ok_or_else(|| Status::not_found(call.target.named()))?;
    let object = respond::parse(&stored.json)?;
    let backend = if call.target.kind.plural == "services" {
        of_service(&call, &object, name, port)?
    } else {
        of_pod(&object, port).ok_or_else(|| Status::bad_request("address not allowed"))?
    };
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let query = call.request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/podProxy/{namespace}/{}/{}{}{query}", backend.pod, backend.port, call.target.rest);
    let body = std::mem::take(call.request.body_mut());
    let (method, headers) = (call.request.method().clone(), call.request.headers());
    call.server.kubelets.call(&call.server, &backend.node, method, &path, headers, body).await
}

/// Splits `[scheme:]name[:port]`.
fn split(asked: &str) -> (&str, &str) {
    match asked.split(':').collect::<Vec<_>>().as_slice() {
        [_, name, port] | [name, port] => (name, port),
        _ => (asked, ""),
    }
}

fn of_pod(pod: &Value, port: &str) -> Option<Backend> {
    let port = match port {
        "" => container_ports(pod).next().and_then(|port| port["containerPort"].as_u64()).unwrap_or(80),
        port => target_port(pod, &Value::from(port))?,
    };
    backend(pod, port)
}

fn backend(pod: &Value, port: u64) -> Option<Backend> {
    let node = pod.pointer("/spec/nodeName").and_then(Value::as_str).filter(|node| !node.is_empty())?;
    let pod = pod.pointer("/metadata/name").and_then(Value::as_str)?;
    Some(Backend { node: node.to_owned(), pod: pod.to_owned(), port })
}

/// A ready pod behind a Service.
fn of_service(call: &Call, service: &Value, name: &str, asked: &str) -> Result<Backend, Status> {
    let ports = service["spec"]["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = ports.iter().find(|port| {
        asked.is_empty()
            || port["name"] == asked
            || port["port"].as_u64().is_some_and(|own| own.to_string() == asked)
    });
    let none =
        || Status::unavailable(format!("no endpoints available for service {:?}", call_name(name, asked)));
    let Some(port) = found else {
        return Err(Status::unavailable(format!("no service port {asked:?} found for service {name:?}")));
    };
    let selector =
        service["spec"].get("selector").filter(|selector| selector.is_object()).ok_or_else(none)?;
    let target = port.get("targetPort").cloned().unwrap_or_else(|| port["port"].clone());
    let namespace: &str = call.target.namespace.as_deref().unwrap_or_default();
    let names = call.server.store.list("pods", Some(namespace)).1;
    let mut ready = names.into_iter().filter_map(|((namespace, name), _)| {
        let stored = call.server.store.get(&Key { resource: "pods".into(), namespace, name })?;
        let pod: Value = serde_json::from_slice(&stored.json).ok()?;
        let selected = selectors::selects(selector, pod["metadata"].get("labels"));
        if !selected || !is_ready(&pod) {
            return None;
        }
        let port = target_port(&pod, &target)?;
        backend(&pod, port)
    });
    ready.next().ok_or_else(none)
}

fn call_name(name: &str, port: &str) -> String {
    if port.is_empty() { name.to_owned() } else { format!("{name}:{port}") }
}

/// Whether a pod answers, and goes on to.
pub(super) fn is_ready(pod: &Value) -> bool {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let mut ready = conditions.filter(|condition| condition["type"] == "Ready");
    let terminating = pod["metadata"].get("deletionTimestamp").is_some();
    !terminating && ready.any(|condition| condition["status"] == "True")
}

/// A port's number: given as such, or by the name that a container gives it.
fn target_port(pod: &Value, port: &Value) -> Option<u64> {
    let name = match port {
        Value::Number(number) => return number.as_u64(),
        Value::String(text) => text,
        _ => return None,
    };
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let mut ports = container_ports(pod).filter(|port| port["name"] == name.as_str());
    ports.find_map(|port| port["containerPort"].as_u64())
}

fn container_ports(pod: &Value) -> impl Iterator<Item = &Value> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.flat_map(|container| container["ports"].as_array().into_iter().flatten())
}
