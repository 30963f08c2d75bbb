//! The functions that are our own, because the words of what they refuse or the types that they take are Kubernetes'.

use std::sync::Arc;

use kube_cel::cel::objects::Opaque;
use regex::{Regex, RegexBuilder};

use super::library;
use super::operators::no_overload;
use super::value::{Value, none, optional, some, string, type_name};

type Answer = Result<Value, String>;

/// How large a compiled pattern may grow, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// A type as a value: `type(1)`, `int`.
#[derive(Debug, PartialEq, Eq)]
struct TypeName(String);

impl Opaque for TypeName {
    fn runtime_type_name(&self) -> &'static str {
        "type"
    }
}

/// A type as a value.
pub(super) fn type_value(name: &str) -> Value {
    Value::Opaque(Arc::new(TypeName(name.to_owned())))
}

/// A pattern that is not too large.
pub(super) fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(PATTERN_SIZE).build()
}

/// Calls a function on a receiver, or without one.
pub(super) fn call(name: &str, receiver: Option<Value>, mut arguments: Vec<Value>) -> Answer {
    match (name, receiver.as_ref(), arguments.as_slice()) {
        ("dyn", None, [_]) => Ok(arguments.remove(0)),
        ("type", None, [value]) => Ok(type_value(type_name(value))),
        ("size", Some(value), []) | ("size", None, [value]) => size(value),
        ("int" | "uint" | "double" | "bool" | "string" | "bytes", None, [value]) => convert(name, value),
        ("matches", Some(Value::String(text)), [Value::String(wanted)])
        | ("matches", None, [Value::String(text), Value::String(wanted)]) => {
            let wanted = pattern(wanted).map_err(|_| format!("error parsing regexp: `{wanted}`"))?;
            Ok(Value::Bool(wanted.is_match(text)))
        }
        ("contains", Some(Value::String(text)), [Value::String(part)]) => {
            Ok(Value::Bool(text.contains(part.as_str())))
        }
        ("startsWith", Some(Value::String(text)), [Value::String(part)]) => {
            Ok(Value::Bool(text.starts_with(part.as_str())))
        }
        ("endsWith", Some(Value::String(text)), [Value::String(part)]) => {
            Ok(Value::Bool(text.ends_with(part.as_str())))
        }
        ("charAt", Some(Value::String(text)), [Value::Int(index)]) => char_at(text, *index),
        ("contains" | "startsWith" | "endsWith" | "matches" | "charAt", ..) => no_overload(),
        ("quantity", None, [Value::String(_)]) => {
            let wanted = "quantities must match the regular expression \
                          '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
            library::call(name, None, arguments).map_err(|_| wanted.to_owned())
        }
        ("ip" | "ip.isCanonical", None, [Value::String(text)]) => {
            let words = format!(
                "IP Address \"{text}\" parse error during conversion from string: ParseAddr(\"{text}\"): unable to \
                 parse IP"
            );
            library::call(name, None, arguments).map_err(|_| words)
        }
        ("timestamp", None, [Value::Int(seconds)]) => {
            let time = jiff::Timestamp::from_second(*seconds).map_err(|_| "timestamp overflow".to_owned())?;
            library::call(name, None, vec![string(&time.to_string())])
        }
        ("format.named", None, [Value::String(format)]) => {
            // The crate looks formats up by the functions that make them.
            let found = library::call(&format!("format.{format}"), None, Vec::new());
            Ok(found.map_or_else(|_| none(), some))
        }
        ("optional.of", None, [_]) => Ok(some(arguments.remove(0))),
        ("optional.none", None, []) => Ok(none()),
        ("optional.ofNonZeroValue", None, [value]) => {
            Ok(if is_zero(value) { none() } else { some(value.clone()) })
        }
        ("hasValue" | "value" | "or" | "orValue", Some(receiver), given) => {
            of_optional(name, receiver, given)
        }
        ("min" | "max", Some(Value::List(items)), []) if items.is_empty() => {
            Err(format!("{name} called on empty list"))
        }
        _ => library::call(name, receiver, arguments),
    }
}

fn of_optional(name: &str, receiver: &Value, given: &[Value]) -> Answer {
    let Some(held) = optional(receiver) else { return no_overload() };
    match (name, given) {
        ("hasValue", []) => Ok(Value::Bool(held.is_some())),
        ("value", []) => held.cloned().ok_or_else(|| "optional.none() dereference".to_owned()),
        ("or", [other]) => Ok(if held.is_some() { receiver.clone() } else { other.clone() }),
        ("orValue", [other]) => Ok(held.unwrap_or(other).clone()),
        _ => no_overload(),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::UInt(0) => true,
        Value::Float(number) => *number == 0.0,
        value => matches!(size(value), Ok(Value::Int(0))),
    }
}

fn size(value: &Value) -> Answer {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.map.len(),
        _ => return no_overload(),
    };
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn char_at(text: &str, index: i64) -> Answer {
    let wrong = || format!("index out of range: {index}");
    let place = usize::try_from(index).map_err(|_| wrong())?;
    match text.chars().nth(place) {
        Some(letter) => Ok(string(&letter.to_string())),
        None if text.chars().count() == place => Ok(string("")),
        None => Err(wrong()),
    }
}

fn convert(to: &str, value: &Value) -> Answer {
    let failed = || format!("type conversion error from '{}' to '{to}'", type_name(value));
    let parsed = match (to, value) {
        ("int", Value::String(text)) => text.parse().ok().map(Value::Int),
        ("uint", Value::String(text)) => text.parse().ok().map(Value::UInt),
        ("double", Value::String(text)) => text.parse().ok().map(Value::Float),
        ("bool", Value::String(text)) => match text.as_str() {
            "true" | "True" | "TRUE" | "t" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        ("bool", Value::Bool(_)) | ("bytes", Value::Bytes(_)) => Some(value.clone()),
        ("string", Value::Bool(truth)) => Some(string(&truth.to_string())),
        ("int", Value::Timestamp(time)) => Some(Value::Int(time.timestamp())),
        ("int" | "uint" | "double", Value::Int(_) | Value::UInt(_) | Value::Float(_))
        | (
            "string",
            Value::String(_)
            | Value::Int(_)
            | Value::UInt(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Opaque(_),
        )
        | ("bytes", Value::String(_)) => return library::call(to, None, vec![value.clone()]),
        _ => return no_overload(),
    };
    parsed.ok_or_else(failed)
}
