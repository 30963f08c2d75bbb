//! The checks of a whole object, in the order in which their errors are shown.

use serde_json::Value;

use super::{FieldError, Reason, builtin, metadata, rules, schema};
use crate::apiserver::types::Kind;

/// How many errors are shown at most.
const SHOWN: usize = 100;

const UNCHECKED: &str = "Invalid value: null: some validation rules were not checked because the object was \
    invalid; correct the existing errors to complete validation";

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
        if errors.len() == before {
            rules::validate(kind, object, old, &mut errors);
        } else if kind.rules.is_some() {
            let message = UNCHECKED.to_owned();
            errors.push(FieldError { field: "<nil>".to_owned(), reason: Reason::Invalid, message });
        }
    } else {
        builtin::validate(kind, object, old, &mut errors);
    }
    errors.truncate(SHOWN);
    errors
}
