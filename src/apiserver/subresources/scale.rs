//! `/scale`: the number of replicas, the same for every kind that has one.
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/>

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::apiserver::router::Call;
use crate::apiserver::selectors;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Kind, Reason, Registry};
use crate::apiserver::verbs::{Options, Part, patched};
use crate::apiserver::{body, meta, respond};

/// Where a kind's numbers are: wanted, there, and the selector's text.
fn pointers(kind: &Kind) -> (String, String, Option<String>) {
    let pointer = |path: &str| path.replace('.', "/");
    match &kind.scale {
        Some(paths) => (
            pointer(&paths.spec_replicas),
            pointer(&paths.status_replicas),
            paths.selector.as_deref().map(pointer),
        ),
        None => ("/spec/replicas".to_owned(), "/status/replicas".to_owned(), None),
    }
}

/// Answers `GET`.
pub(super) fn get(call: &Call) -> Result<Response, Status> {
    let stored = call.server.store.get(&call.target.key());
    let stored = stored.ok_or_else(|| Status::not_found(call.target.named()))?;
    let object = respond::parse(&stored.json)?;
    Ok(respond::value(&call.query, StatusCode::OK, &scale(&call.target.kind, &object)))
}

/// Answers `PUT` and `PATCH`.
pub(super) async fn write(mut call: Call) -> Result<Response, Status> {
    let options = Options::read(&call)?;
    let media_type = body::media_type(call.request.headers()).to_owned();
    let patches = call.request.method() == http::Method::PATCH;
    let bytes = call.body().await?;
    let sent =
        if patches { body::yaml(&bytes)? } else { body::object(call.request.headers(), &bytes, "Scale")? };
    if !patches {
        sent_scale(&call, &sent)?;
    }
    let kind = call.target.kind.clone();
    let (wanted, ..) = pointers(&kind);
    let schema = Registry::builtin().by_resource("autoscaling", "v1", "horizontalpodautoscalers");
    let written = call.server.modify(&call.target, Part::Scale, &options, |old| {
        let before = scale(&kind, old);
        // A Scale has no lists, so that any object's schema merges it rightly.
        let after = match media_type.as_str() {
            _ if !patches => sent.clone(),
            "application/apply-patch+yaml" => patched("application/merge-patch+json", &before, &sent, None)?,
            other => patched(other, &before, &sent, schema.map(|kind| &kind.schema))?,
        };
        let revision = meta::text(&after, "resourceVersion");
        if !revision.is_empty() && revision != meta::text(old, "resourceVersion") {
            return Err(Status::modified(call.target.named()));
        }
        let replicas = after.pointer("/spec/replicas").cloned().unwrap_or_else(|| 0.into());
        let number = replicas.as_i64().filter(|number| (0..=i64::from(i32::MAX)).contains(number));
        let Some(number) = number else { return Err(invalid(&call, &replicas)) };
        let mut new = old.clone();
        set(&mut new, &wanted, number.into());
        Ok(new)
    })?;
    let object = respond::parse(&written.json)?;
    Ok(respond::value(&call.query, StatusCode::OK, &scale(&kind, &object)))
}

/// Whether it is a Scale, and this one's.
fn sent_scale(call: &Call, sent: &Value) -> Result<(), Status> {
    let text = |field: &str| sent.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if !kind.is_empty() && (version, kind) != ("autoscaling/v1", "Scale") {
        let short = version.rsplit_once('/').map_or(version, |(_, short)| short);
        return Err(Status::bad_request(format!(
            "{kind} in version {short:?} cannot be handled as a Scale: converting ({short}.{kind}) to \
             (autoscaling.Scale): unknown conversion"
        )));
    }
    let (own, url) = (meta::text(sent, "name"), call.target.name.as_deref().unwrap_or_default());
    if own.is_empty() || own == url {
        return Ok(());
    }
    let message = format!("the name of the object ({own}) does not match the name on the URL ({url})");
    Err(Status::bad_request(message))
}

fn invalid(call: &Call, replicas: &Value) -> Status {
    let error = FieldError {
        field: "spec.replicas".to_owned(),
        reason: Reason::Invalid,
        message: format!("Invalid value: {replicas}: must be greater than or equal to 0"),
    };
    Status::invalid("Scale", "autoscaling", call.target.name.as_deref().unwrap_or_default(), &[error])
}

/// Sets a value below objects that are made where they are missing.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut place = object;
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
    }
    *place = value;
}

/// The `Scale` of an object.
pub(crate) fn scale(kind: &Kind, object: &Value) -> Value {
    let (wanted, there, selector) = pointers(kind);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let mut metadata = json!({});
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object["metadata"].get(field) {
            metadata[field] = value.clone();
        }
    }
    let mut status = json!({"replicas": number(&there)});
    let selector = match selector {
        Some(pointer) => object.pointer(&pointer).and_then(Value::as_str).map(str::to_owned),
        None => object.pointer("/spec/selector").map(selectors::to_text),
    };
    if let Some(selector) = selector.filter(|selector| !selector.is_empty()) {
        status["selector"] = selector.into();
    }
    let mut spec = json!({});
    if number(&wanted) != 0 {
        spec["replicas"] = number(&wanted).into();
    }
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status
    })
}
