//! Tables for `kubectl get`.

use serde_json::{Value, json};

use super::types::Kind;

/// The columns of a kind.
pub(crate) fn columns(_kind: &Kind) -> Vec<Value> {
    vec![json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0})]
}

/// The cells of an object.
pub(crate) fn row(_kind: &Kind, object: &Value, _now: jiff::Timestamp) -> Vec<Value> {
    vec![object["metadata"]["name"].clone()]
}
