//! The checks of a whole object, in the order in which their errors are shown.

use serde_json::Value;

use super::field::Field;
use super::{FieldError, Reason, builtin, metadata, rules, schema, workloads};
use crate::apiserver::types::Kind;

/// How many errors are shown at most.
const SHOWN: usize = 100;

const UNCHECKED: &str = "Invalid value: null: some validation rules were not checked because the object was \
    invalid; correct the existing errors to complete validation";

/// What must be right for rules to be looked at.
const BLOCKING: [Reason; 5] =
    [Reason::NotSupported, Reason::Required, Reason::TooLong, Reason::TooMany, Reason::TypeInvalid];

/// Checks a new object, after its defaults were filled in.
pub(crate) fn validate(kind: &Kind, object: &Value) -> Vec<FieldError> {
    validate_change(kind, object, None)
}

/// Checks an object that takes the place of `old`, after its defaults were filled in. What may change at all is
/// checked as well.
pub(crate) fn validate_change(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    metadata::validate(kind, object, &mut errors);
    if kind.is_custom() {
        let before = errors.len();
        schema::validate(&kind.schema, object, &mut String::new(), &mut errors);
        replicas(kind, object, &mut errors);
        if !errors[before..].iter().any(|error| BLOCKING.contains(&error.reason)) {
            rules::validate(kind, object, old, &mut errors);
        } else if kind.has_rules {
            let message = UNCHECKED.to_owned();
            errors.push(FieldError { field: "<nil>".to_owned(), reason: Reason::Invalid, message });
        }
    } else {
        builtin::validate(kind, object, old, &mut errors);
    }
    errors.truncate(SHOWN);
    errors
}

/// Checks the status of a built-in kind, where that alone is written.
pub(crate) fn validate_status(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    if (kind.group.as_str(), kind.kind.as_str()) == ("apps", "Deployment") {
        workloads::deployment_status(&Field::new(&object["status"], "status"), errors);
    }
}

/// The number that `/scale` writes is a count.
fn replicas(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    let Some(path) = kind.scale.as_ref().map(|scale| scale.spec_replicas.as_str()) else { return };
    let value = path.split('.').filter(|step| !step.is_empty()).fold(object, |value, step| &value[step]);
    let given = match value {
        Value::String(text) => format!("{text} is of the type string"),
        Value::Number(number) if number.is_f64() => format!("{number} is of the type float64"),
        _ => {
            if value.as_i64().is_some_and(|count| count < 0) {
                errors.push(FieldError::invalid(path, value, "should be a non-negative integer"));
            }
            return;
        }
    };
    let detail = format!("{path} accessor error: {given}, expected int64");
    errors.push(FieldError::invalid(path, &0.into(), &detail));
}
