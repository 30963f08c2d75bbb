//! TOML as `BurntSushi`'s encoder writes it: plain keys first, then tables, indented by two per level.

use std::fmt::Write as _;

use super::super::encoding::{from_json, to_json};
use super::super::template::{Failure, Value, float_text};

/// Writes a map.
pub(super) fn write(value: &Value) -> Result<String, Failure> {
    let Value::Map(map) = value else {
        return Err(Failure::new("toml: top-level values must be Go maps or structs"));
    };
    // What cannot be JSON, because it has no end, cannot be TOML either.
    to_json(value)?;
    let mut out = String::new();
    table(&mut out, map, &[], 0)?;
    Ok(out)
}

fn is_table(value: &Value) -> bool {
    match value {
        Value::Map(_) => true,
        value => is_table_list(value),
    }
}

fn is_table_list(value: &Value) -> bool {
    match value {
        Value::List(list) => {
            !list.items().is_empty() && list.items().iter().all(|item| matches!(item, Value::Map(_)))
        }
        _ => false,
    }
}

fn table(
    out: &mut String,
    map: &super::super::template::Map,
    path: &[String],
    depth: usize,
) -> Result<(), Failure> {
    let pad = "  ".repeat(depth);
    let entries = map.entries();
    for (name, value) in entries.iter().filter(|(_, value)| !is_table(value) && !value.is_nil()) {
        _ = writeln!(out, "{pad}{} = {}", key(&name.to_str()), inline(value)?);
    }
    for (name, value) in entries.iter().filter(|(_, value)| is_table(value)) {
        let mut inner = path.to_vec();
        inner.push(key(&name.to_str()));
        let pad = "  ".repeat(inner.len() - 1);
        let blank = |out: &mut String| {
            if !out.is_empty() {
                out.push('\n');
            }
        };
        match value {
            Value::Map(map) => {
                if path.is_empty() {
                    blank(out);
                }
                _ = writeln!(out, "{pad}[{}]", inner.join("."));
                table(out, map, &inner, inner.len())?;
            }
            Value::List(list) => {
                for item in list.items() {
                    blank(out);
                    _ = writeln!(out, "{pad}[[{}]]", inner.join("."));
                    if let Value::Map(map) = item {
                        table(out, map, &inner, inner.len())?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn key(name: &str) -> String {
    let bare = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { text(name) }
}

fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            char if char < ' ' || char == '\u{7f}' => _ = write!(out, "\\u{:04x}", u32::from(char)),
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

fn inline(value: &Value) -> Result<String, Failure> {
    Ok(match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number, _) => number.to_string(),
        Value::Uint(number, _) => number.to_string(),
        Value::Float(number) => float(*number),
        Value::Text(value) => text(&value.to_str()),
        Value::Map(map) => {
            let entries = map.entries();
            let pairs = entries.iter().filter(|(_, value)| !value.is_nil());
            let pairs =
                pairs.map(|(name, value)| Ok(format!("{} = {}", key(&name.to_str()), inline(value)?)));
            format!("{{{}}}", pairs.collect::<Result<Vec<_>, Failure>>()?.join(", "))
        }
        Value::Object(object) => text(&object.shown()),
        Value::Nil => return Err(Failure::new("toml: cannot encode array with nil element")),
        value => {
            let items = value.items().unwrap_or_default();
            let items = items.iter().map(inline).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(", "))
        }
    })
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let text = float_text(number);
    if text.contains('e') {
        // The encoder writes `1.0e+06`.
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0e{exponent}"),
            _ => text,
        };
    }
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Reads a document.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let table = text.parse::<toml::Table>().map_err(|error| format!("toml: {}", error.message()))?;
    let json = serde_json::to_value(&table).map_err(|error| error.to_string())?;
    Ok(whole(from_json(&json), &toml::Value::Table(table)))
}

/// Whole numbers of TOML stay whole: they are `int64` to templates.
fn whole(value: Value, source: &toml::Value) -> Value {
    match (value, source) {
        (_, toml::Value::Integer(number)) => Value::int64(*number),
        (_, toml::Value::Datetime(time)) => Value::text(time.to_string()),
        (Value::List(list), toml::Value::Array(items)) => {
            let pairs = list.items().iter().zip(items);
            Value::list(pairs.map(|(value, source)| whole(value.clone(), source)).collect())
        }
        (Value::Map(map), toml::Value::Table(fields)) => {
            let entries = map.entries();
            let entries = entries.iter().map(|(key, value)| {
                let value = match fields.get(&*key.to_str()) {
                    Some(source) => whole(value.clone(), source),
                    None => value.clone(),
                };
                (key.clone(), value)
            });
            Value::map(entries)
        }
        (value, _) => value,
    }
}
