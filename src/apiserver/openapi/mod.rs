//! OpenAPI documents of the served kinds.

use serde_json::{Value, json};

use super::types::Kind;

/// The index of documents.
pub(crate) fn v3_index(_kinds: &[Kind]) -> Value {
    json!({"paths": {}})
}

/// The document of a version.
pub(crate) fn v3_group(_kinds: &[Kind], _group: &str, _version: &str) -> Value {
    json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.34.1"}, "paths": {}})
}

/// Everything in one document.
pub(crate) fn v2(_kinds: &[Kind]) -> Value {
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1.34.1"}, "paths": {}})
}
