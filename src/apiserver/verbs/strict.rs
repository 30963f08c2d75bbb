//! Whether an object is of the kind that the URL says, and has that kind's fields only.

use serde_json::Value;

use crate::apiserver::query::Validation;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::types;

/// Checks version and kind, drops unknown fields, and returns the warnings about them.
pub(super) fn check(
    target: &Target,
    object: &mut Value,
    validation: Validation,
) -> Result<Vec<String>, Status> {
    let kind = &target.kind;
    let api_version = kind.api_version();
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (own_version, own_kind) = (text("apiVersion"), text("kind"));
    if !own_version.is_empty() && own_version != api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({own_version}) does not match the expected API version ({api_version})"
        )));
    }
    if !own_kind.is_empty() && own_kind != kind.kind {
        return Err(Status::bad_request(format!(
            "{own_kind} in version \"{}\" cannot be handled as a {}: no kind \"{own_kind}\" is registered for \
             the resource \"{}\"",
            kind.version, kind.kind, kind.plural
        )));
    }
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.kind.as_str().into();
    types::decode(kind, object).map_err(|words| {
        Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: {words}",
            kind.kind, kind.version, kind.kind
        ))
    })?;
    let unknown = types::prune(&kind.schema, object);
    match validation {
        Validation::Strict if !unknown.is_empty() => Err(Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
            kind.kind,
            kind.version,
            kind.kind,
            unknown.join(", ")
        ))),
        Validation::Ignore => Ok(Vec::new()),
        Validation::Strict | Validation::Warn => Ok(unknown),
    }
}
