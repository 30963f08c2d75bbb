//! The functions that Go's text/template itself brings.

use std::fmt::Write as _;

use super::call::Call;
use super::compare::{equal, less};
use super::failure::Failure;
use super::function::{Function, Type};
use super::print::print_all;
use super::printf::sprintf;
use super::quote::is_print;
use super::text::Text;
use super::value::{Element, List, MapKind, Unsigned, Value};

/// Whether a value counts as true.
pub(crate) fn truth(value: &Value) -> bool {
    match value {
        Value::Nil => false,
        Value::Bool(flag) => *flag,
        Value::Int(number, _) => *number != 0,
        Value::Uint(number, _) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) | Value::Bytes(text) => !text.is_empty(),
        Value::List(list) => !list.items().is_empty(),
        Value::Map(map) => map.len() > 0,
        Value::Object(object) => object.items().is_none_or(|items| !items.is_empty()),
    }
}

const fn builtin(
    name: &'static str,
    parameters: &'static [Type],
    variadic: bool,
    run: fn(&mut Call) -> Result<Value, Failure>,
) -> Function {
    Function { name, parameters, variadic, builtin: true, run }
}

use Type::{Any, Reflect, Text as Str};

/// All of them.
pub(crate) const BUILTINS: [Function; 19] = [
    builtin("and", &[Reflect, Reflect], true, |_| Ok(Value::Nil)),
    builtin("or", &[Reflect, Reflect], true, |_| Ok(Value::Nil)),
    builtin("not", &[Reflect], false, |call| Ok(Value::Bool(!truth(call.value(0))))),
    builtin("call", &[Reflect, Reflect], true, |call| {
        let value = call.value(0);
        if value.is_nil() {
            return Err("call of nil".into());
        }
        Err(format!("non-function {} of type {}", "function", value.type_name()).into())
    }),
    builtin("html", &[Any], true, |call| Ok(Value::text(escape_html(&joined(&call.arguments))))),
    builtin("js", &[Any], true, |call| Ok(Value::text(escape_js(&joined(&call.arguments))))),
    builtin("urlquery", &[Any], true, |call| Ok(Value::text(escape_query(&joined(&call.arguments))))),
    builtin("index", &[Reflect, Reflect], true, index),
    builtin("slice", &[Reflect, Reflect], true, slice),
    builtin("len", &[Reflect], false, length),
    builtin("print", &[Any], true, |call| Ok(Value::text(print_all(&call.arguments)))),
    builtin("printf", &[Str, Any], true, |call| Ok(Value::text(sprintf(call.bytes(0), call.rest(1))))),
    builtin("println", &[Any], true, |call| Ok(Value::text(line(&call.arguments)))),
    builtin("eq", &[Reflect, Reflect], true, |call| equal(call.value(0), call.rest(1)).map(Value::Bool)),
    builtin("ne", &[Reflect, Reflect], false, |call| {
        equal(call.value(0), call.rest(1)).map(|same| Value::Bool(!same))
    }),
    builtin("lt", &[Reflect, Reflect], false, |call| less(call.value(0), call.value(1)).map(Value::Bool)),
    builtin("le", &[Reflect, Reflect], false, |call| at_most(call).map(Value::Bool)),
    builtin("gt", &[Reflect, Reflect], false, |call| at_most(call).map(|most| Value::Bool(!most))),
    builtin("ge", &[Reflect, Reflect], false, |call| {
        less(call.value(0), call.value(1)).map(|less| Value::Bool(!less))
    }),
];

fn at_most(call: &Call) -> Result<bool, Failure> {
    Ok(less(call.value(0), call.value(1))? || equal(call.value(0), call.rest(1))?)
}

/// What `html`, `js` and `urlquery` escape: everything printed side by side, with nil as an action prints it.
fn joined(arguments: &[Value]) -> Vec<u8> {
    let shown = |value: &Value| if value.is_nil() { Value::text("<no value>") } else { value.clone() };
    print_all(&arguments.iter().map(shown).collect::<Vec<_>>())
}

/// `fmt.Sprintln`: always a space between.
fn line(arguments: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(super::print::print(argument));
    }
    out.push(b'\n');
    out
}

/// A position in something of `length`, which itself is allowed.
fn position(index: &Value, length: usize) -> Result<usize, Failure> {
    let number = match index {
        Value::Int(number, _) => *number,
        Value::Uint(number, _) => i64::try_from(*number).unwrap_or(i64::MAX),
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        value => return Err(format!("cannot index slice/array with type {}", value.type_name()).into()),
    };
    match usize::try_from(number) {
        Ok(position) if position <= length => Ok(position),
        _ => Err(format!("index out of range: {number}").into()),
    }
}

fn index(call: &mut Call) -> Result<Value, Failure> {
    let mut item = call.value(0).clone();
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    for key in call.rest(1) {
        item = match &item {
            Value::Nil => return Err("index of nil pointer".into()),
            Value::Text(text) => {
                let at = position(key, text.len())?;
                let byte = text.as_bytes().get(at).copied();
                let byte = byte.ok_or("reflect: string index out of range")?;
                Value::Uint(u64::from(byte), Unsigned::Uint8)
            }
            Value::Map(map) => {
                let Value::Text(name) = key else {
                    let message = if key.is_nil() {
                        "value is nil; should be of type string".to_owned()
                    } else {
                        format!("value has type {}; should be string", key.type_name())
                    };
                    return Err(message.into());
                };
                match (map.kind(), map.get(name.as_bytes())) {
                    (MapKind::Files, Some(Value::Text(text))) => Value::Bytes(text),
                    (MapKind::Text, None) => Value::text(""),
                    (_, value) => value.unwrap_or(Value::Nil),
                }
            }
            value => {
                let Some(items) = value.items() else {
                    return Err(format!("can't index item of type {}", value.type_name()).into());
                };
                let at = position(key, items.len())?;
                items.get(at).cloned().ok_or("reflect: slice index out of range")?
            }
        };
    }
    Ok(item)
}

fn slice(call: &mut Call) -> Result<Value, Failure> {
    let item = call.value(0);
    let indexes = call.rest(1);
    if item.is_nil() {
        return Err("slice of untyped nil".into());
    }
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let items = item.items();
    let length = match (item, &items) {
        (Value::Text(_), _) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        (Value::Text(text), _) => text.len(),
        (_, Some(items)) => items.len(),
        _ => return Err(format!("can't slice item of type {}", item.type_name()).into()),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, most] = bounds;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}").into());
    }
    if end > most {
        return Err(format!("invalid slice index: {end} > {most}").into());
    }
    Ok(match (item, items) {
        (Value::Text(text), _) => Value::text(&text.as_bytes()[start..end]),
        (Value::Bytes(bytes), _) => Value::Bytes(Text::from(&bytes.as_bytes()[start..end])),
        (Value::List(list), Some(items)) => {
            Value::List(List::new(list.element(), items[start..end].to_vec()))
        }
        (_, items) => {
            let items = items.unwrap_or_default();
            Value::List(List::new(Element::Text, items[start..end].to_vec()))
        }
    })
}

fn length(call: &mut Call) -> Result<Value, Failure> {
    let value = call.value(0);
    let length = match value {
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Text(text) => text.len(),
        Value::Map(map) => map.len(),
        value => match value.items() {
            Some(items) => items.len(),
            None => return Err(format!("len of type {}", value.type_name()).into()),
        },
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Escapes for HTML.
fn escape_html(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            0 => out.extend("\u{fffd}".bytes()),
            b'"' => out.extend(b"&#34;"),
            b'\'' => out.extend(b"&#39;"),
            b'&' => out.extend(b"&amp;"),
            b'<' => out.extend(b"&lt;"),
            b'>' => out.extend(b"&gt;"),
            byte => out.push(byte),
        }
    }
    out
}

fn escape_js(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for char in String::from_utf8_lossy(bytes).chars() {
        match char {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => _ = write!(out, "\\u{:04X}", u32::from(char)),
            char if char < ' ' => _ = write!(out, "\\u{:04X}", u32::from(char)),
            char if char.is_ascii() || is_print(char) => out.push(char),
            char => _ = write!(out, "\\u{:04X}", u32::from(char)),
        }
    }
    out
}

fn escape_query(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}
