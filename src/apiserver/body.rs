//! Reads the bodies of requests: bounded, JSON, YAML or Kubernetes' binary encoding, with a Kubernetes answer to everything else.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::protobuf::{self, Undecodable};
use super::status::Status;
use super::syntax;

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

/// So much of an unreadable body is shown.
const SHOWN: usize = 1024;

/// An object that a client sends where one of `kind` is expected.
pub(crate) fn object(headers: &HeaderMap, body: &[u8], kind: &str) -> Result<Value, Status> {
    let unrecognized = |why: String| {
        let shown = summary(body);
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({shown})"
        ))
    };
    let value = match media_type(headers) {
        "" | "application/json" | "*/*" => {
            let unreadable =
                |why| unrecognized(format!("couldn't get version/kind; json parse error: {why}"));
            let value = serde_json::from_slice(body).map_err(|error| unreadable(json_error(body, &error)))?;
            match given_instead(&value) {
                Some(given) => {
                    return Err(unreadable(format!(
                        "json: cannot unmarshal {given} into Go value of type {TYPE}"
                    )));
                }
                None if value == Value::Null => serde_json::json!({}),
                None => value,
            }
        }
        "application/yaml" => yaml_value(body).map_err(unrecognized)?,
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

/// Refuses an object of a custom kind that does not say its kind or version.
pub(crate) fn must_say_what_it_is(object: &Value, body: &[u8], kind: &str) -> Result<(), Status> {
    let missing = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().is_empty();
    let word = match (missing("kind"), missing("apiVersion")) {
        (true, _) => "Object 'Kind' is missing in",
        (false, true) => "Object 'apiVersion' is missing in",
        (false, false) => return Ok(()),
    };
    let text = object.to_string();
    let (text, shown) =
        (if body.starts_with(b"{") { &String::from_utf8_lossy(body) } else { &*text }, summary(body));
    Err(Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {word} '{text}' ({shown})"
    )))
}

/// What the original says of fields that stand more than once in a body of JSON.
pub(crate) fn repeated(headers: &HeaderMap, body: &[u8]) -> Vec<String> {
    match media_type(headers) {
        "" | "application/json" | "*/*" => syntax::repeated(body),
        _ => Vec::new(),
    }
}

/// What a kind and version are read into.
const TYPE: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
    \"json:\\\"kind,omitempty\\\"\" }";

/// The word for a value that is no object.
fn given_instead(value: &Value) -> Option<&'static str> {
    given(value).filter(|word| *word != "object")
}

/// Go's word for what stands in a text of JSON.
pub(crate) fn given(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Object(_) => Some("object"),
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
    }
}

/// A body that looks like JSON is shown as it is, any other as digits.
fn summary(body: &[u8]) -> String {
    let (start, more) = (&body[..body.len().min(SHOWN)], if body.len() > SHOWN { " ..." } else { "" });
    match start.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => {
            let write = |text: String, byte: &u8| text + &format!("{byte:02x}");
            start.iter().fold(String::new(), write) + more
        }
    }
}

fn json_error(body: &[u8], error: &serde_json::Error) -> String {
    syntax::error(body).unwrap_or_else(|| error.to_string())
}

/// JSON, no deeper than any object is.
pub(crate) fn json(body: &[u8]) -> Result<Value, Status> {
    // The parser itself refuses more than 128 levels.
    serde_json::from_slice(body).map_err(|error| {
        let error = json_error(body, &error);
        Status::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    })
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

/// The object in an apply patch, which is YAML.
pub(crate) fn applied(body: &[u8]) -> Result<Value, Status> {
    let unreadable = |why: String| Status::bad_request(format!("error decoding YAML: {why}"));
    let value =
        yaml_value(body).map_err(|why| unreadable(format!("error converting YAML to JSON: {why}")))?;
    match given_instead(&value) {
        Some(given) => {
            let map = "map[string]interface {}";
            let why = format!("json: cannot unmarshal {given} into Go value of type {map}");
            Err(unreadable(format!("error unmarshaling JSON: while decoding JSON: {why}")))
        }
        None if value.is_null() => Ok(serde_json::json!({})),
        None => Ok(value),
    }
}

/// YAML, of which JSON is a part.
pub(crate) fn yaml(body: &[u8]) -> Result<Value, Status> {
    yaml_value(body).map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))
}

/// Reads YAML, or tells what is wrong in the words of Go's reader.
fn yaml_value(body: &[u8]) -> Result<Value, String> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options::<Value>(text, options).map_err(|error| {
        let words = error.to_string();
        // `… at line 1, column 5`; Go names the line first, and not the first one.
        let (words, place) = words.rsplit_once(" at line ").unwrap_or((&words, "1,"));
        match place.split_once(',').map_or(place, |(line, _)| line) {
            "1" => format!("yaml: {words}"),
            line => format!("yaml: line {line}: {words}"),
        }
    })
}
