//! The checks of a whole object, in the order in which their errors are shown.

use serde_json::Value;

use super::{FieldError, Reason, metadata, schema, workloads};
use crate::apiserver::types::Kind;

/// How many errors are shown at most.
const SHOWN: usize = 100;

const UNCHECKED: &str = "Invalid value: null: some validation rules were not checked because the object was \
    invalid; correct the existing errors to complete validation";

/// Checks an object, after its defaults were filled in.
pub(crate) fn validate(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    metadata::validate(kind, object, &mut errors);
    match &kind.custom {
        Some(written) => {
            let before = errors.len();
            schema::validate(&kind.schema, object, &mut String::new(), &mut errors);
            if errors.len() > before && has_rules(written, 0) {
                let message = UNCHECKED.to_owned();
                errors.push(FieldError { field: "<nil>".to_owned(), reason: Reason::Invalid, message });
            }
        }
        None => workloads::validate(kind, object, &mut errors),
    }
    errors.truncate(SHOWN);
    errors
}

/// Whether a schema has rules in the common expression language, at any depth.
fn has_rules(written: &Value, depth: usize) -> bool {
    const DEEPEST: usize = 128;
    match written {
        _ if depth > DEEPEST => false,
        Value::Object(facts) => {
            facts.contains_key("x-kubernetes-validations")
                || facts.values().any(|value| has_rules(value, depth + 1))
        }
        Value::Array(parts) => parts.iter().any(|value| has_rules(value, depth + 1)),
        _ => false,
    }
}
