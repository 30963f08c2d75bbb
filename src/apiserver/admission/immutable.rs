//! Fields that cannot be changed once they are written. A table of facts and the check.

use serde_json::Value;

use crate::apiserver::types::{FieldError, Kind, Reason};

/// The fields of one resource.
fn fields(group: &str, plural: &str) -> &'static [&'static str] {
    match (group, plural) {
        ("apps", "deployments" | "replicasets" | "daemonsets") => &["spec.selector"],
        ("", "secrets") => &["type"],
        _ => &[],
    }
}

/// What of the new state must not differ from the old one, and does.
pub(crate) fn immutable(kind: &Kind, old: &Value, new: &Value) -> Vec<FieldError> {
    let mut errors: Vec<_> = fields(&kind.group, &kind.plural)
        .iter()
        .filter_map(|path| {
            let value = |object: &Value| path.split('.').try_fold(object, |at, part| at.get(part)).cloned();
            let (before, after) = (value(old), value(new));
            if before == after || before.is_none() {
                return None;
            }
            let shown = after.unwrap_or_default();
            Some(error(path, Reason::Invalid, format!("Invalid value: {shown}: field is immutable")))
        })
        .collect();
    let frozen = old.get("immutable").and_then(Value::as_bool) == Some(true);
    if kind.group.is_empty() && matches!(kind.plural.as_str(), "configmaps" | "secrets") && frozen {
        for field in ["data", "binaryData", "stringData"] {
            if old.get(field) != new.get(field) {
                let message = "Forbidden: field is immutable when `immutable` is set".to_owned();
                errors.push(error(field, Reason::Forbidden, message));
            }
        }
        if new.get("immutable").and_then(Value::as_bool) != Some(true) {
            let message = "Forbidden: field is immutable when `immutable` is set".to_owned();
            errors.push(error("immutable", Reason::Forbidden, message));
        }
    }
    errors
}

fn error(field: &str, reason: Reason, message: String) -> FieldError {
    FieldError { field: field.to_owned(), reason, message }
}
