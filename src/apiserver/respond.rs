//! Answers in the form that the client accepts: plain JSON, YAML, a Table, or metadata alone.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>

use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::convert;
use super::query::Query;
use super::status::Status;
use super::tables::{self, Column};
use super::types::Kind;

/// What watches can be written as, besides.
const STREAMS: &str = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// What the client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The objects themselves.
    Json,
    /// The same as YAML.
    Yaml,
    /// Rows with the columns that kubectl prints.
    Table,
    /// `PartialObjectMetadata`.
    Partial,
    /// `PartialObjectMetadataList`.
    PartialList,
}

/// How much of the object comes with a row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// All.
    Object,
}

impl Format {
    /// Reads the `Accept` header: the first form that is known.
    pub(crate) fn accepted(headers: &HeaderMap) -> Result<Self, Status> {
        let Some(accept) = headers.get(header::ACCEPT) else { return Ok(Self::Json) };
        let accept = accept.to_str().map_err(|_| Status::not_acceptable())?;
        let known = accept.split(',').take(64).find_map(Self::read);
        known.ok_or_else(|| {
            let media_types = accept.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
            let mut written =
                media_types.filter(|one| matches!(*one, "application/json" | "application/yaml"));
            if written.next().is_some() { Status::not_acceptable() } else { Status::no_representation("") }
        })
    }

    /// The same for a watch, of which a refusal names the forms of streams as well.
    pub(crate) fn accepted_by_watch(headers: &HeaderMap) -> Result<Self, Status> {
        Self::accepted(headers).map_err(|status| {
            if status.names_representations() { Status::no_representation(STREAMS) } else { status }
        })
    }

    fn read(one: &str) -> Option<Self> {
        let mut parts = one.split(';').map(str::trim);
        let media_type = parts.next()?;
        let transform = parts.find_map(|part| part.strip_prefix("as="));
        match (media_type, transform) {
            ("application/json" | "*/*" | "", None) => Some(Self::Json),
            ("application/json", Some("Table")) if one.contains("v=v1") && !one.contains("v=v1beta1") => {
                Some(Self::Table)
            }
            ("application/json", Some("PartialObjectMetadata")) if !one.contains("v=v1beta1") => {
                Some(Self::Partial)
            }
            ("application/json", Some("PartialObjectMetadataList")) if !one.contains("v=v1beta1") => {
                Some(Self::PartialList)
            }
            ("application/yaml", None) => Some(Self::Yaml),
            _ => None,
        }
    }
}

impl Include {
    /// Reads `includeObject`.
    pub(crate) fn read(query: &Query) -> Result<Self, Status> {
        match query.text("includeObject") {
            Some("None") => Ok(Self::None),
            Some("Object") => Ok(Self::Object),
            None | Some("Metadata") => Ok(Self::Metadata),
            Some(other) => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be \
                 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// One object.
pub(crate) fn object(
    headers: &HeaderMap,
    query: &Query,
    kind: &Kind,
    stored: &Bytes,
    code: StatusCode,
) -> Result<Response, Status> {
    let json = convert::view(kind, stored);
    match Format::accepted(headers)? {
        Format::Table => {
            let object = parse(&json)?;
            let revision = object["metadata"]["resourceVersion"].clone();
            let meta = json!({ "resourceVersion": revision });
            let rows = [row(kind, &object, Include::read(query)?)];
            Ok(value(query, code, &table(kind, &meta, &rows, true)))
        }
        Format::Partial => Ok(value(query, code, &partial(&parse(&json)?))),
        Format::PartialList => Err(Status::other_form(format!(
            "you requested PartialObjectMetadataList, but the requested object is not a list (*{})",
            type_name(kind, "")
        ))),
        Format::Yaml => yaml(code, &parse(&json)?),
        Format::Json if query.flag("pretty") => Ok(value(query, code, &parse(&json)?)),
        Format::Json => Ok(raw(code, json)),
    }
}

/// A list of objects.
pub(crate) fn list(
    headers: &HeaderMap,
    query: &Query,
    kind: &Kind,
    meta: &Value,
    items: &[Bytes],
) -> Result<Response, Status> {
    let code = StatusCode::OK;
    let format = Format::accepted(headers)?;
    if format == Format::Json && !query.flag("pretty") {
        return Ok(raw(code, list_bytes(kind, meta, items)));
    }
    let objects = items.iter().map(|json| parse(&convert::view(kind, json)));
    let objects = objects.collect::<Result<Vec<_>, _>>()?;
    match format {
        Format::Table => {
            let include = Include::read(query)?;
            let rows: Vec<_> = objects.iter().map(|object| row(kind, object, include)).collect();
            Ok(value(query, code, &table(kind, meta, &rows, true)))
        }
        Format::Partial => Err(Status::other_form(format!(
            "you requested PartialObjectMetadata, but the requested object is a list (*{})",
            type_name(kind, "List")
        ))),
        Format::PartialList => {
            let items: Vec<_> = objects.iter().map(partial).collect();
            let kind = "PartialObjectMetadataList";
            let list =
                json!({"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items});
            Ok(value(query, code, &list))
        }
        Format::Json | Format::Yaml => {
            let list = json!({
                "kind": kind.list_kind, "apiVersion": kind.api_version(), "metadata": meta, "items": objects
            });
            if format == Format::Yaml { yaml(code, &list) } else { Ok(value(query, code, &list)) }
        }
    }
}

/// What the original calls the type: `core.ConfigMap`.
fn type_name(kind: &Kind, ending: &str) -> String {
    if kind.is_custom() {
        return format!("unstructured.Unstructured{ending}");
    }
    let group = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
    format!("{group}.{}{ending}", kind.kind)
}

/// Writes a list without parsing its items.
fn list_bytes(kind: &Kind, meta: &Value, items: &[Bytes]) -> Bytes {
    let size = items.iter().map(|item| item.len() + 1).sum::<usize>();
    let mut text = Vec::with_capacity(size + 256);
    let head =
        json!({"kind": kind.list_kind, "apiVersion": kind.api_version(), "metadata": meta}).to_string();
    text.extend_from_slice(head.trim_end_matches('}').as_bytes());
    // The metadata's own brace was trimmed with the outer one.
    text.extend_from_slice(b"},\"items\":[");
    let prefix = convert::prefix(kind);
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push(b',');
        }
        let item = convert::view(kind, item);
        // Items of built-in lists do not repeat what kind they are of.
        match item.strip_prefix(prefix.as_bytes()).filter(|_| !kind.is_custom()) {
            Some(rest) => {
                text.push(b'{');
                text.extend_from_slice(rest);
            }
            None => text.extend_from_slice(&item),
        }
    }
    text.extend_from_slice(b"]}");
    text.into()
}

/// The JSON in a stored object.
pub(crate) fn parse(json: &[u8]) -> Result<Value, Status> {
    serde_json::from_slice(json)
        .map_err(|error| Status::internal(format!("a stored object is no JSON: {error}")))
}

/// A Table.
pub(crate) fn table(kind: &Kind, meta: &Value, rows: &[Value], with_columns: bool) -> Value {
    let columns = || -> Value { tables::columns(kind).iter().map(column).collect() };
    let columns = if with_columns { columns() } else { Value::Null };
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns,
        "rows": rows
    })
}

fn column(column: &Column) -> Value {
    json!({
        "name": column.name, "type": column.kind, "format": column.format, "description": column.description,
        "priority": column.priority
    })
}

/// A row of a Table.
pub(crate) fn row(kind: &Kind, object: &Value, include: Include) -> Value {
    let cells = tables::row(kind, object, jiff::Timestamp::now());
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => partial(object),
        Include::Object => object.clone(),
    };
    json!({ "cells": cells, "object": object })
}

/// The metadata of an object alone.
pub(crate) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]
    })
}

/// Bytes of JSON as they are.
pub(crate) fn raw(code: StatusCode, json: Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache, private")];
    (code, headers, json).into_response()
}

/// A value, pretty where that is asked for.
pub(crate) fn value(query: &Query, code: StatusCode, value: &Value) -> Response {
    let text = if query.flag("pretty") {
        serde_json::to_vec_pretty(value).expect("a JSON value can always be written")
    } else {
        convert::render(value)
    };
    raw(code, text.into())
}

fn yaml(code: StatusCode, value: &Value) -> Result<Response, Status> {
    let text = serde_saphyr::to_string(value).map_err(Status::internal)?;
    Ok((code, [(header::CONTENT_TYPE, "application/yaml")], text).into_response())
}

/// Adds what the client should know besides.
pub(crate) fn with_warnings(mut response: Response, warnings: &[String]) -> Response {
    for warning in warnings.iter().take(50) {
        let escaped = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = format!("299 - \"{escaped}\"").parse() {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
