//! Whether an object is of the kind that the URL says, and has that kind's fields only.

use serde_json::Value;

use crate::apiserver::query::Validation;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::types;

/// Where the original keeps its kinds.
pub(crate) const SCHEME: &str = "pkg/api/legacyscheme/scheme.go:30";

/// The refusal of an object of another kind or version than the URL's, in the words of the original's decoder.
fn unregistered(target: &Target, version: &str, kind: &str) -> Status {
    let wanted = &target.kind;
    let own = wanted.api_version();
    let (version, kind) =
        (if version.is_empty() { &own } else { version }, if kind.is_empty() { &wanted.kind } else { kind });
    let (group, short) = version.split_once('/').unwrap_or(("", version));
    let why = match types::Registry::builtin().by_kind(group, short, kind) {
        Some(_) => {
            let package = |group: &str| group.split('.').next().unwrap_or_default().to_owned();
            let or_core = |group: &str| if group.is_empty() { "core".to_owned() } else { package(group) };
            let ours = format!("{}.{}", or_core(&wanted.group), wanted.kind);
            format!("converting ({short}.{kind}) to ({ours}): unknown conversion")
        }
        None => format!("no kind {kind:?} is registered for version {version:?} in scheme {SCHEME:?}"),
    };
    let named = &wanted.kind;
    Status::bad_request(format!("{kind} in version {short:?} cannot be handled as a {named}: {why}"))
}

/// Checks version and kind, drops unknown fields, and returns the warnings about them and about fields that were
/// `repeated` in the text.
pub(super) fn check(
    target: &Target,
    object: &mut Value,
    validation: Validation,
    repeated: &[String],
) -> Result<Vec<String>, Status> {
    let kind = &target.kind;
    let api_version = kind.api_version();
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (own_version, own_kind) = (text("apiVersion"), text("kind"));
    let wrong = !own_kind.is_empty() && own_kind != kind.kind;
    if !kind.is_custom() && (wrong || (!own_version.is_empty() && own_version != api_version)) {
        return Err(unregistered(target, &own_version, &own_kind));
    }
    if !own_version.is_empty() && own_version != api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({own_version}) does not match the expected API version ({api_version})"
        )));
    }
    if wrong {
        let field = "kind".to_owned();
        let message = format!("Invalid value: {own_kind:?}: must be {}", kind.kind);
        let error = types::FieldError { field, reason: types::Reason::Invalid, message };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        return Err(Status::invalid(&own_kind, &kind.group, name, &[error]));
    }
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.kind.as_str().into();
    types::decode(kind, object).map_err(|words| {
        Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: {words}",
            kind.kind, kind.version, kind.kind
        ))
    })?;
    let mut unknown = repeated.to_vec();
    unknown.extend(types::prune(&kind.schema, object));
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
