//! The cells of custom kinds, by the paths of their columns.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::row::name;
use super::{age, json_path};
use crate::apiserver::types::PrinterColumn;

/// The cells of an object whose kind asks for `columns`.
pub(super) fn cells(columns: &[PrinterColumn], object: &Value, now: Timestamp) -> Vec<Value> {
    let asked = columns.iter().map(|column| {
        let found = json_path::find(&column.json_path, object);
        found.map_or(Value::Null, |found| cell(&column.kind, found, now))
    });
    std::iter::once(name(object)).chain(asked).collect()
}

fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match (kind, value) {
        ("date", Value::String(_)) => json!(age::since(value, now)),
        ("integer", Value::Number(number)) => {
            #[expect(clippy::cast_possible_truncation, reason = "a count that is no whole number is cut")]
            let whole = number.as_i64().or_else(|| number.as_f64().map(|number| number as i64));
            json!(whole)
        }
        ("string", Value::String(_)) | ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => {
            value.clone()
        }
        ("string", other) if !other.is_null() => json!(other.to_string()),
        _ => Value::Null,
    }
}
