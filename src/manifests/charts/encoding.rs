//! JSON and YAML of template values, as Go's encoding/json and sigs.k8s.io/yaml write and read them.

use std::fmt::Write as _;

use serde_json::{Number, Value as Json};

use super::template::{
    Failure, KubeVersion, Map, MapKind, Object, Text, Value, float_text, plain_text, shortest_digits,
};
use crate::manifests::yaml;

/// A template value from data. All numbers are floats, as they are in Go once they have been JSON.
pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_json).collect()),
        Json::Object(fields) => {
            Value::map(fields.iter().map(|(key, value)| (Text::from(key.as_str()), from_json(value))))
        }
    }
}

/// Data from a template value.
pub(super) fn to_json(value: &Value) -> Result<Json, Failure> {
    if value.is_endless() {
        let message = "json: unsupported value: encountered a cycle via map[string]interface {}";
        return Err(Failure::new(message));
    }
    plain(value)
}

fn plain(value: &Value) -> Result<Json, Failure> {
    Ok(match value {
        Value::Nil => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number, _) => Json::from(*number),
        Value::Uint(number, _) => Json::from(*number),
        Value::Float(number) => Json::Number(number_of(*number)?),
        Value::Text(text) => Json::String(text.to_str().into_owned()),
        Value::Bytes(bytes) => Json::String(base64(bytes.as_bytes())),
        Value::List(list) if list.is_nil() => Json::Null,
        Value::List(list) => Json::Array(list.items().iter().map(plain).collect::<Result<_, _>>()?),
        Value::Map(map) if map.is_nil() => Json::Null,
        Value::Map(map) => {
            let files = map.kind() == MapKind::Files;
            let field = |(key, value): (&Text, &Value)| {
                let value = match value {
                    Value::Text(text) if files => Json::String(base64(text.as_bytes())),
                    value => plain(value)?,
                };
                Ok((key.to_str().into_owned(), value))
            };
            Json::Object(map.entries().iter().map(field).collect::<Result<_, Failure>>()?)
        }
        Value::Object(object) => object_json(object),
    })
}

fn object_json(object: &Object) -> Json {
    let kube = |kube: &KubeVersion| serde_json::json!({ "Version": kube.version, "Major": kube.major, "Minor": kube.minor });
    match object {
        Object::Time(time) => Json::String(super::dates::format(time, "2006-01-02T15:04:05.999999999Z07:00")),
        Object::Month(number) | Object::Weekday(number) => Json::from(*number),
        Object::Duration(nanoseconds) => Json::from(i64::try_from(*nanoseconds).unwrap_or_default()),
        Object::KubeVersion(version) => kube(version),
        Object::ApiVersions(versions) => Json::from(versions.clone()),
        Object::Capabilities { kube: version, apis } => {
            serde_json::json!({ "KubeVersion": kube(version), "APIVersions": apis, "HelmVersion": {} })
        }
        Object::HelmVersion => serde_json::json!({}),
        Object::Certificate(certificate) => {
            serde_json::json!({ "Cert": certificate.cert, "Key": certificate.key })
        }
        Object::Version(version) => Json::String(version.to_string()),
    }
}

/// A float is a whole number to JSON where its shortest digits are one.
fn number_of(number: f64) -> Result<Number, Failure> {
    if number.fract() == 0.0 {
        let (negative, digits, point) = shortest_digits(number);
        let text = plain_text(&digits, point);
        let signed = if negative { format!("-{text}") } else { text };
        if let Ok(whole) = signed.parse::<i64>() {
            return Ok(Number::from(whole));
        }
        if let Ok(whole) = signed.parse::<u64>() {
            return Ok(Number::from(whole));
        }
    }
    let shown = || Failure::new(format!("json: unsupported value: {}", float_text(number)));
    Number::from_f64(number).ok_or_else(shown)
}

/// The standard alphabet, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// The text that sigs.k8s.io/yaml makes of a number or truth value for a field that is a text.
pub(super) fn scalar_text(json: &Json) -> Option<String> {
    match json {
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) if number.is_f64() => number.as_f64().map(float_text),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In one line, with what HTML minds escaped.
    Html,
    /// In one line.
    Raw,
    /// Indented by two, with what HTML minds escaped.
    Pretty,
}

/// Writes JSON as Go does.
pub(super) fn json_text(value: &Value, layout: Layout) -> Result<String, Failure> {
    let mut out = String::new();
    write_json(&to_json(value)?, layout, 0, &mut out);
    Ok(out)
}

fn write_json(json: &Json, layout: Layout, indent: usize, out: &mut String) {
    let line = |indent: usize, out: &mut String| {
        if layout == Layout::Pretty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", indent));
        }
    };
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => out.push_str(&json_float(float)),
            None => out.push_str(&number.to_string()),
        },
        Json::String(text) => write_string(text, layout, out),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(indent + 1, out);
                write_json(item, layout, indent + 1, out);
            }
            if !items.is_empty() {
                line(indent, out);
            }
            out.push(']');
        }
        Json::Object(fields) => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(indent + 1, out);
                write_string(key, layout, out);
                out.push_str(if layout == Layout::Pretty { ": " } else { ":" });
                write_json(value, layout, indent + 1, out);
            }
            if !fields.is_empty() {
                line(indent, out);
            }
            out.push('}');
        }
    }
}

/// A float as encoding/json writes it: plain between 1e-6 and 1e21.
fn json_float(number: f64) -> String {
    let magnitude = number.abs();
    let (negative, digits, point) = shortest_digits(number);
    let minus = if negative { "-" } else { "" };
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return format!("{minus}{}", plain_text(&digits, point));
    }
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    let exponent = point - 1;
    let sign = if exponent < 0 { '-' } else { '+' };
    // Go drops the zero of a two-digit negative exponent only.
    let width = if exponent < 0 { 1 } else { 2 };
    format!("{minus}{first}{dot}{rest}e{sign}{:0width$}", exponent.abs())
}

fn write_string(text: &str, layout: Layout, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if layout != Layout::Raw => _ = write!(out, "\\u{:04x}", u32::from(char)),
            '\u{2028}' | '\u{2029}' => _ = write!(out, "\\u{:04x}", u32::from(char)),
            char if char < ' ' => _ = write!(out, "\\u{:04x}", u32::from(char)),
            char => out.push(char),
        }
    }
    out.push('"');
}

/// Writes YAML as Helm's `toYaml`: without the last line end.
pub(super) fn yaml_text(value: &Value) -> Result<String, Failure> {
    let text = yaml::write(&to_json(value)?);
    Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// Reads JSON. The error is Go's.
pub(super) fn read_json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return "unexpected end of JSON input".to_owned();
        }
        let before =
            text.lines().take(error.line().saturating_sub(1)).map(|line| line.len() + 1).sum::<usize>();
        let at = (before + error.column().saturating_sub(1)).min(text.len());
        let char = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        format!("invalid character '{char}' {}", place(text.get(..at).unwrap_or_default(), &error))
    })
}

/// What Go expects after `before`.
fn place(before: &str, error: &serde_json::Error) -> String {
    let word = before.rsplit(|char: char| !char.is_ascii_alphabetic()).next().unwrap_or_default();
    let literal = ["true", "false", "null"].into_iter().find(|literal| literal.starts_with(word));
    if let Some(literal) = literal.filter(|_| !word.is_empty())
        && let Some(expected) = literal[word.len()..].chars().next()
    {
        return format!("in literal {literal} (expecting '{expected}')");
    }
    let before = before.trim_end();
    if error.to_string().starts_with("trailing") {
        "after top-level value".to_owned()
    } else if before.ends_with('{') {
        "looking for beginning of object key string".to_owned()
    } else if before.is_empty() || before.ends_with([':', ',', '[']) {
        "looking for beginning of value".to_owned()
    } else {
        "after array element".to_owned()
    }
}

/// A map from JSON; the error says what else it is.
pub(super) fn json_map(json: Json) -> Result<Value, String> {
    match json {
        Json::Null => Ok(Value::Map(Map::nil())),
        Json::Object(_) => Ok(from_json(&json)),
        json => Err(cannot(&json, "map[string]interface {}")),
    }
}

/// A list from JSON; the error says what else it is.
pub(super) fn json_list(json: Json) -> Result<Value, String> {
    match json {
        Json::Array(_) => Ok(from_json(&json)),
        Json::Null => Ok(Value::List(super::template::List::nil(super::template::Element::Any))),
        json => Err(cannot(&json, "[]interface {}")),
    }
}

fn cannot(json: &Json, wanted: &str) -> String {
    let kind = match json {
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        _ => "object",
    };
    format!("json: cannot unmarshal {kind} into Go value of type {wanted}")
}

/// Reads YAML into what `take` makes of it. The error is the one of sigs.k8s.io/yaml.
pub(super) fn read_yaml(text: &str, take: fn(Json) -> Result<Value, String>) -> Result<Value, String> {
    let json = yaml::read_legacy(text).map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    take(json).map_err(|error| format!("error unmarshaling JSON: while decoding JSON: {error}"))
}
