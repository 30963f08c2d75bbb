//! Values, which are those of the `cel` crate, and their way from JSON.

use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::objects::{Key, Map, OptionalValue};
use serde_json::Value as Json;

/// A value of the language.
pub(crate) type Value = kube_cel::cel::Value;

/// The value of a piece of JSON. Whole numbers are `int`, as in Kubernetes' objects.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => string(text),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (Key::from(name.as_str()), from_json(value)));
            map(fields.collect())
        }
    }
}

/// The text of a string.
pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()),
        _ => None,
    }
}

/// What a `bool` says.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        _ => None,
    }
}

pub(super) fn string(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

pub(super) fn map(entries: HashMap<Key, Value>) -> Value {
    Value::Map(Map { map: Arc::new(entries) })
}

pub(super) fn list(items: Vec<Value>) -> Value {
    Value::List(Arc::new(items))
}

pub(super) fn some(value: Value) -> Value {
    Value::Opaque(Arc::new(OptionalValue::of(value)))
}

pub(super) fn none() -> Value {
    Value::Opaque(Arc::new(OptionalValue::none()))
}

/// What an optional value holds, if it is one.
#[expect(
    clippy::option_option,
    reason = "a value that is no optional one is not the same as one that holds nothing"
)]
pub(super) fn optional(value: &Value) -> Option<Option<&Value>> {
    <&OptionalValue>::try_from(value).ok().map(OptionalValue::value)
}

/// What a value is called in messages.
pub(super) fn type_name(value: &Value) -> &str {
    match value {
        Value::List(_) => "list",
        Value::Map(_) => "map",
        Value::Function(..) => "function",
        Value::Int(_) => "int",
        Value::UInt(_) => "uint",
        Value::Float(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Bool(_) => "bool",
        Value::Duration(_) => "google.protobuf.Duration",
        Value::Timestamp(_) => "google.protobuf.Timestamp",
        Value::Opaque(opaque) => opaque.runtime_type_name(),
        Value::Null => "null_type",
    }
}
