//! Reads the bodies of requests: bounded, JSON, YAML or Kubernetes' binary encoding, with a Kubernetes answer to everything else.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::protobuf::{self, Undecodable};
use super::status::Status;

/// No body may be larger.
pub(crate) const MAX_BODY: usize = 3 * 1024 * 1024;

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Status> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Status::too_large(MAX_BODY)),
        Err(error) => Err(Status::bad_request(format!("unable to read the body: {error}"))),
    }
}

/// The media type of the body, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// An object that a client sends.
pub(crate) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Value, Status> {
    let value = match media_type(headers) {
        "" | "application/json" | "*/*" => json(body)?,
        "application/yaml" => yaml(body)?,
        "application/vnd.kubernetes.protobuf" => binary(body)?,
        _ => {
            let accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
            return Err(Status::unsupported_media_type(accepted));
        }
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(Status::bad_request("couldn't get version/kind; json parse error: the body is not an object"))
    }
}

/// JSON, no deeper than any object is.
pub(crate) fn json(body: &[u8]) -> Result<Value, Status> {
    // The parser itself refuses more than 128 levels.
    serde_json::from_slice(body)
        .map_err(|error| Status::bad_request(format!("couldn't get version/kind; json parse error: {error}")))
}

/// Kubernetes' binary encoding, for the kinds that have one.
fn binary(body: &[u8]) -> Result<Value, Status> {
    protobuf::object(body).map_err(|error| match error {
        Undecodable::Malformed => {
            Status::bad_request("the body is no message of Kubernetes' binary encoding")
        }
        Undecodable::Unknown { .. } => Status::unsupported_media_type("application/json, application/yaml"),
    })
}

/// YAML, of which JSON is a part.
pub(crate) fn yaml(body: &[u8]) -> Result<Value, Status> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body).map_err(|error| Status::bad_request(error.to_string()))?;
    let value: Value = serde_saphyr::from_str(text)
        .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
    Ok(value)
}
