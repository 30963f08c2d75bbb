//! Whether an object fits its type, in the words of server-side apply.

use serde_json::Value;

use super::step::Step;
use crate::apiserver::types::{ListKind, Schema, Shape};

/// What does not fit, as `<path>: <words>` each.
pub(super) fn misfits(schema: &Schema, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    walk(schema, value, &mut String::new(), &mut wrong);
    wrong
}

fn walk(schema: &Schema, value: &Value, path: &mut String, wrong: &mut Vec<String>) {
    let mut say = |words: String| wrong.push(format!("{path}: {words}"));
    match (schema.shape(), value) {
        (_, Value::Null)
        | (Shape::Any | Shape::Named(_), _)
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Integer(_) | Shape::Number, Value::Number(_))
        | (Shape::String | Shape::Time | Shape::Bytes, Value::String(_))
        | (Shape::IntOrString | Shape::Quantity, Value::String(_) | Value::Number(_) | Value::Bool(_)) => {}
        (Shape::Boolean, _) => say(format!("expected boolean, got &{{{}}}", plain(value))),
        (Shape::Integer(_) | Shape::Number, _) => {
            say(format!("expected numeric (int or float), got {}", go_type(value)));
        }
        (Shape::String | Shape::Time | Shape::Bytes, _) => {
            say(format!("expected string, got &value.valueUnstructured{{Value:{}}}", literal(value)));
        }
        (Shape::IntOrString | Shape::Quantity, _) => {
            say(format!("expected any scalar, got &{{{}}}", plain(value)));
        }
        (Shape::Object(_) | Shape::Map(_), Value::Object(fields)) => {
            for (name, value) in fields {
                let length = path.len();
                path.push('.');
                path.push_str(name);
                match schema.field(name) {
                    Some(field) => walk(field, value, path, wrong),
                    None => wrong.push(format!("{path}: field not declared in schema")),
                }
                path.truncate(length);
            }
        }
        (Shape::Object(_) | Shape::Map(_), _) => say(format!("expected map, got &{{{}}}", plain(value))),
        (Shape::List(_), Value::Array(items)) => walk_items(schema, items, path, wrong),
        (Shape::List(_), _) => say(format!("expected list, got &{{{}}}", plain(value))),
    }
}

fn walk_items(schema: &Schema, items: &[Value], path: &mut String, wrong: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let step = match Step::to_item(schema, item) {
            Ok(Some(step)) => step,
            Ok(None) => Step::Index(index),
            Err(words) => {
                wrong.push(format!("{path}: element {index}: {words}"));
                return;
            }
        };
        let shown = step.to_string();
        if *schema.list_kind() != ListKind::Atomic && !seen.insert(step) {
            wrong.push(format!("{path}: duplicate entries for key {shown}"));
        }
        let length = path.len();
        path.push_str(&shown);
        walk(schema.items(), item, path, wrong);
        path.truncate(length);
    }
}

/// The type's name in the language of the original, which its users see.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A version as the original prints it: `/v1`, `apps/v1`.
pub(crate) fn shown_version(api_version: &str) -> String {
    if api_version.contains('/') { api_version.to_owned() } else { format!("/{api_version}") }
}

/// An object as text of JSON, with the names of its own fields sorted.
pub(crate) fn sorted(object: &Value) -> String {
    let Some(fields) = object.as_object() else { return object.to_string() };
    let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
    serde_json::to_string(&fields).unwrap_or_default()
}

/// A value as the original prints it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", plain(value))).collect();
            parts.sort();
            format!("map[{}]", parts.join(" "))
        }
        other => other.to_string(),
    }
}

/// A value as the original writes it in code.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let mut parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name:?}:{}", literal(value))).collect();
            parts.sort();
            format!("map[string]interface {{}}{{{}}}", parts.join(", "))
        }
        other => other.to_string(),
    }
}
