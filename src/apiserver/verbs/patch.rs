//! `PATCH` of an object: JSON patch, merge patch, strategic merge patch, server-side apply.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::create::mismatch;
use super::modify::{Part, Written};
use super::options::{Options, Patch};
use crate::apiserver::access::Attributes;
use crate::apiserver::patch::Writer;
use crate::apiserver::query::Validation;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::types::{Reason, Schema};
use crate::apiserver::{body, meta, patch as patches, syntax};

/// The media types of patches.
const ACCEPTED: &str = "application/json-patch+json, application/merge-patch+json, \
                        application/strategic-merge-patch+json, application/apply-patch+yaml";

const PATCHES: [&str; 3] =
    ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];

/// Reads a patch, or says in the words of the original that it cannot be read.
fn decoded(media_type: &str, bytes: &[u8]) -> Result<Value, Status> {
    let strategic = media_type == "application/strategic-merge-patch+json";
    let patch = match syntax::error(bytes) {
        None => body::json(bytes)?,
        Some(error) if strategic => return Err(Status::bad_request(error)),
        Some(error) => return Err(Status::bad_request(format!("error decoding patch: {error}"))),
    };
    match body::given(&patch) {
        Some(given) if media_type == "application/merge-patch+json" && given != "object" => {
            let map = "map[string]interface {}";
            Err(Status::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {given} into Go value of type {map}"
            )))
        }
        _ => Ok(patch),
    }
}

/// Answers `PATCH` of an object, or of its status.
pub(crate) async fn patch(mut call: Call) -> Result<Response, Status> {
    call.target.require("patch")?;
    let part = match call.target.subresource.as_deref() {
        Some("status") => Part::Status,
        _ => Part::Main,
    };
    let mut options = Options::read(&call)?;
    let media_type = body::media_type(call.request.headers()).to_owned();
    let bytes = call.body().await?;
    if media_type == "application/apply-patch+yaml" || media_type == "application/apply-patch+cbor" {
        return apply(&call, part, options, &bytes);
    }
    if !PATCHES.contains(&media_type.as_str()) && !call.target.kind.is_custom() {
        return Err(Status::not_consumed());
    }
    if call.query.text("force").is_some() {
        let message = "Forbidden: may not be specified for non-apply patch".to_owned();
        return Err(Status::options("PatchOptions", "force", Reason::Forbidden, message));
    }
    let patch = decoded(&media_type, &bytes)?;
    options.patch = Some(if media_type == "application/strategic-merge-patch+json" {
        Patch::Strategic(patches::plain(&patch))
    } else {
        Patch::Other
    });
    let schema = (!call.target.kind.is_custom()).then_some(&call.target.kind.schema);
    let written =
        call.server.modify(&call.target, part, &options, |old| patched(&media_type, old, &patch, schema))?;
    written.respond(&call, StatusCode::OK)
}

/// What a patch makes of an object. Strategic merge patches need a schema.
pub(crate) fn patched(
    media_type: &str,
    old: &Value,
    patch: &Value,
    schema: Option<&Schema>,
) -> Result<Value, Status> {
    let mut new = old.clone();
    match (media_type, schema) {
        ("application/json-patch+json", _) => {
            patches::json(&mut new, patch).map_err(|error| Status::patch(&error))?;
        }
        ("application/merge-patch+json", _) => patches::merge(&mut new, patch),
        ("application/strategic-merge-patch+json", Some(schema)) => {
            patches::strategic(&mut new, patch, schema).map_err(|error| Status::patch(&error))?;
        }
        ("application/strategic-merge-patch+json", None) => {
            let accepted =
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
            return Err(Status::unsupported_media_type(accepted));
        }
        _ => return Err(Status::unsupported_media_type(ACCEPTED)),
    }
    if new.is_object() { Ok(new) } else { Err(Status::bad_request("the patched object is not an object")) }
}

fn apply(call: &Call, part: Part, mut options: Options, bytes: &Bytes) -> Result<Response, Status> {
    let target = &call.target;
    let kind = &target.kind;
    if call.query.text("fieldManager").is_none() {
        let message = "Required value: is required for apply patch".to_owned();
        return Err(Status::options("PatchOptions", "fieldManager", Reason::Required, message));
    }
    let mut applied = body::applied(bytes)?;
    let text = |field: &str| applied.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, own) = (patches::shown_version(text("apiVersion")), text("kind"));
    if (text("apiVersion"), own) != (kind.api_version().as_str(), kind.kind.as_str()) {
        return Err(Status::bad_request(format!("invalid object type: {version}, Kind={own}")));
    }
    keep_written_part(&mut applied, part, kind.has_status);
    options.applied = true;
    options.validation = Validation::Ignore;
    let subresource = if part == Part::Status { Some("status") } else { None };
    let (manager, api_version, time) = (&options.manager, &kind.api_version(), &meta::now());
    let writer = Writer { manager, subresource, api_version, time };
    let force = call.query.flag("force");
    let merge = |live: Option<&Value>| {
        patches::apply::apply(live, &applied, &kind.schema, force, &writer).map_err(Status::apply)
    };
    let written = match call.server.modify(target, part, &options, |old| merge(Some(old))) {
        Err(status) if status.is_not_found() && part == Part::Main => {
            create_applied(call, &options, merge(None)?)?
        }
        other => other?,
    };
    written.respond(call, if written.created { StatusCode::CREATED } else { StatusCode::OK })
}

/// Takes out what the address does not write, so that nobody owns it by mistake.
fn keep_written_part(applied: &mut Value, part: Part, has_status: bool) {
    let Some(fields) = applied.as_object_mut() else { return };
    if part == Part::Status {
        fields.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata
                .retain(|name, _| matches!(name.as_str(), "name" | "namespace" | "uid" | "resourceVersion"));
        }
    } else if has_status {
        fields.shift_remove("status");
    }
}

fn create_applied(call: &Call, options: &Options, object: Value) -> Result<Written, Status> {
    let (uid, name) = (meta::text(&object, "uid"), meta::text(&object, "name"));
    if !uid.is_empty() {
        let message = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(Status::conflict(call.target.named(), &message));
    }
    if name.is_empty() {
        return Err(mismatch(name, call.target.name.as_deref().unwrap_or_default()));
    }
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let attributes = Attributes::resource("create", call.target.named(), namespace);
    call.server.access.authorize(&call.identity, &attributes)?;
    call.server.create(&call.target, object, options)
}
