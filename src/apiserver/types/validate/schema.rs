//! What the schema of a custom kind demands.

use std::fmt::Write as _;

use serde_json::Value;

use super::FieldError;
use crate::apiserver::types::{List, ListKind, Rules, Schema, Shape};

/// Checks `value` at `path` against `schema`.
pub(super) fn validate(schema: &Schema, value: &Value, path: &mut String, errors: &mut Vec<FieldError>) {
    let node = schema.node();
    if value.is_null() && (node.nullable || schema.place().nullable) {
        return;
    }
    if let Some(expected) = mismatch(&node.shape, value) {
        let given = type_name(value);
        let detail = format!("{} in body must be of type {expected}: {given:?}", body(path));
        errors.push(FieldError::wrong_type(path.clone(), given, &detail));
        return;
    }
    if let Some(rules) = &node.rules {
        check(rules, value, path, errors);
    }
    let length = path.len();
    match (&node.shape, value) {
        (Shape::Object(object), Value::Object(fields)) => {
            for name in &object.required {
                if !fields.contains_key(&**name) {
                    errors.push(FieldError::required(join(path, name), ""));
                }
            }
            for (name, value) in fields {
                if let Some(field) = object.field(name) {
                    push(path, name);
                    validate(field, value, path, errors);
                    path.truncate(length);
                }
            }
        }
        (Shape::Map(values), Value::Object(fields)) => {
            for (name, value) in fields {
                push(path, name);
                validate(values, value, path, errors);
                path.truncate(length);
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let _ = write!(path, "[{index}]");
                validate(&list.items, item, path, errors);
                path.truncate(length);
            }
            duplicates(list, items, path, errors);
        }
        _ => {}
    }
}

fn push(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn body(path: &str) -> &str {
    if path.is_empty() { "<nil>" } else { path }
}

/// The type that was expected, if `value` is of another.
fn mismatch(shape: &Shape, value: &Value) -> Option<&'static str> {
    let whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let (right, expected) = match shape {
        Shape::Any | Shape::Named(_) => return None,
        Shape::Boolean => (value.is_boolean(), "boolean"),
        Shape::Integer(_) => (whole(value), "integer"),
        Shape::Number => (value.is_number(), "number"),
        Shape::String | Shape::Time | Shape::Bytes => (value.is_string(), "string"),
        Shape::IntOrString => (value.is_string() || whole(value), "integer,string"),
        Shape::Quantity => (value.is_string() || value.is_number(), "string"),
        Shape::Object(_) | Shape::Map(_) => (value.is_object(), "object"),
        Shape::List(_) => (value.is_array(), "array"),
    };
    (!right).then_some(expected)
}

pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check(rules: &Rules, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut wrong = |value: &Value, words: String| {
        errors.push(FieldError::invalid(path, value, &format!("{} in body {words}", body(path))));
    };
    match value {
        Value::String(text) => check_text(rules, text, path, errors),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            match rules.minimum {
                Some((least, true)) if number <= least => {
                    wrong(value, format!("should be greater than {least}"));
                }
                Some((least, false)) if number < least => {
                    wrong(value, format!("should be greater than or equal to {least}"));
                }
                _ => {}
            }
            match rules.maximum {
                Some((most, true)) if number >= most => wrong(value, format!("should be less than {most}")),
                Some((most, false)) if number > most => {
                    wrong(value, format!("should be less than or equal to {most}"));
                }
                _ => {}
            }
            if let Some(step) = rules.multiple_of.filter(|step| (number / step).fract() != 0.0) {
                wrong(value, format!("should be a multiple of {step}"));
            }
        }
        Value::Array(items) => {
            if let Some(least) = rules.items.0.filter(|&least| (items.len() as u64) < least) {
                wrong(&Value::from(items.len()), format!("should have at least {least} items"));
            }
            if let Some(most) = rules.items.1.filter(|&most| items.len() as u64 > most) {
                errors.push(FieldError::too_many(path, items.len(), most));
            }
        }
        Value::Object(fields) => {
            if let Some(least) = rules.properties.0.filter(|&least| (fields.len() as u64) < least) {
                wrong(&Value::from(fields.len()), format!("should have at least {least} properties"));
            }
            if let Some(most) = rules.properties.1.filter(|&most| fields.len() as u64 > most) {
                errors.push(FieldError::too_many(path, fields.len(), most));
            }
        }
        _ => {}
    }
    if !rules.allowed.is_empty() && !rules.allowed.contains(value) {
        let allowed: Vec<&str> = rules.allowed.iter().map(|word| word.as_str().unwrap_or_default()).collect();
        errors.push(FieldError::not_supported(path, value, &allowed));
    }
    combined(rules, value, path, errors);
}

fn check_text(rules: &Rules, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let value = Value::String(text.to_owned());
    let mut wrong = |words: String| {
        errors.push(FieldError::invalid(path, &value, &format!("{} in body {words}", body(path))));
    };
    let length = text.chars().count() as u64;
    // Of length and pattern the first that does not fit is told.
    if let Some(least) = rules.length.0.filter(|&least| length < least) {
        wrong(format!("should be at least {least} chars long"));
    } else if let Some(pattern) = rules.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
        wrong(format!("should match '{}'", pattern.as_str()));
    }
    if let Some(format) = rules.format.as_deref().filter(|format| !has_format(text, format)) {
        let detail = format!("{} in body must be of type {format}: {text:?}", body(path));
        errors.push(FieldError::wrong_type(path, text, &detail));
    }
    if let Some(most) = rules.length.1.filter(|&most| length > most) {
        errors.push(FieldError::too_long(path, most));
    }
}

/// Whether `text` has a well-known form; forms that we do not know hold always, as in Kubernetes.
fn has_format(text: &str, format: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        "uuid" => uuid::Uuid::try_parse(text).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "byte" => {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.decode(text).is_ok()
        }
        _ => true,
    }
}

fn combined(rules: &Rules, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let holds = |schema: &Schema| {
        let mut wrong = Vec::new();
        validate(schema, value, &mut path.to_owned(), &mut wrong);
        wrong.is_empty()
    };
    for schema in &rules.all_of {
        validate(schema, value, &mut path.to_owned(), errors);
    }
    let mut wrong = |words: &str| {
        errors.push(FieldError::invalid(path, value, &format!("{} in body {words}", body(path))));
    };
    if !rules.any_of.is_empty() && !rules.any_of.iter().any(holds) {
        wrong("must validate at least one schema (anyOf)");
    }
    if !rules.one_of.is_empty() && rules.one_of.iter().filter(|schema| holds(schema)).count() != 1 {
        wrong("must validate one and only one schema (oneOf)");
    }
    if rules.not.as_ref().is_some_and(holds) {
        wrong("must not validate the schema (not)");
    }
}

fn duplicates(list: &List, items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    let identity = |item: &Value| match &list.kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(item.clone()),
        ListKind::Map(keys) => {
            let place = |key: &str| list.items.field(key).and_then(|field| field.place().default.clone());
            let value = |key: &str| item.get(key).cloned().or_else(|| place(key));
            Some(keys.iter().filter_map(|key| Some((key.to_string(), value(key)?))).collect::<Value>())
        }
    };
    let mut seen = std::collections::HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(identity) = identity(item) else { return };
        if !seen.insert(identity.to_string()) {
            errors.push(FieldError::duplicate(format!("{path}[{index}]"), &identity));
        }
    }
}
