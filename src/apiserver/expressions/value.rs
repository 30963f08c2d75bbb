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

/// The value of an object, from the values of its fields.
pub(crate) fn from_fields(fields: impl Iterator<Item = (String, Value)>) -> Value {
    map(fields.map(|(name, value)| (Key::from(name.as_str()), value)).collect())
}

/// The value of a text of a well-known form: a time, a duration, bytes.
pub(crate) fn of_text(text: &str, form: &str) -> Value {
    use base64::Engine as _;
    let called = |name: &str, text: &str| super::functions::call(name, None, vec![string(text)]);
    match form {
        "date-time" => called("timestamp", text).unwrap_or_else(|_| string(text)),
        "date" => called("timestamp", &format!("{text}T00:00:00Z")).unwrap_or_else(|_| string(text)),
        "duration" => called("duration", text).unwrap_or_else(|_| string(text)),
        "byte" => match base64::engine::general_purpose::STANDARD.decode(text) {
            Ok(bytes) => Value::Bytes(bytes.into()),
            Err(_) => string(text),
        },
        _ => string(text),
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

/// A list.
pub(crate) fn list(items: Vec<Value>) -> Value {
    Value::List(Arc::new(items))
}

/// An optional value that is there.
pub(crate) fn some(value: Value) -> Value {
    Value::Opaque(Arc::new(OptionalValue::of(value)))
}

/// An optional value that is not there.
pub(crate) fn none() -> Value {
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
