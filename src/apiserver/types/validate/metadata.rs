//! What the metadata of every object must be.

use serde_json::Value;

use super::FieldError;
use super::names::{self, quoted};
use crate::apiserver::types::Kind;

/// How large all annotations together may be, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

/// Checks `metadata`.
pub(super) fn validate(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    let metadata = &object["metadata"];
    match metadata["name"].as_str() {
        None | Some("") => {
            errors.push(FieldError::required("metadata.name", "name or generateName is required"));
        }
        Some(name) => {
            for words in names::object_name(kind, name) {
                errors.push(FieldError::invalid("metadata.name", &quoted(name), &words));
            }
        }
    }
    labels(&metadata["labels"], "metadata.labels", errors);
    let mut size = 0;
    for (key, value) in metadata["annotations"].as_object().into_iter().flatten() {
        // Annotations may be written in any case.
        for words in names::qualified(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &quoted(key), &words));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS {
        errors.push(FieldError::too_long("metadata.annotations", ANNOTATIONS as u64));
    }
}

/// Checks labels at `field`.
pub(super) fn labels(labels: &Value, field: &str, errors: &mut Vec<FieldError>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        for words in names::qualified(key) {
            errors.push(FieldError::invalid(field, &quoted(key), &words));
        }
        let value = value.as_str().unwrap_or_default();
        for words in names::label_value(value) {
            errors.push(FieldError::invalid(field, &quoted(value), &words));
        }
    }
}
