//! sprig's functions on strings.

use rand::Rng as _;

use super::super::template::{Call, Failure, Function, MapKind, Text, Type, Value, print, quote};
use super::words::{lower, upper};
use Type::{Any, Int, Text as Str};

type Answer = Result<Value, Failure>;

fn text(text: impl Into<Text>) -> Answer {
    Ok(Value::text(text))
}

fn flag(flag: bool) -> Answer {
    Ok(Value::Bool(flag))
}

/// Go's `strval`: text as it is, all else as it prints.
pub(super) fn shown(value: &Value) -> Text {
    match value {
        Value::Text(text) | Value::Bytes(text) => text.clone(),
        value => Text::from(print(value)),
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hello", &[], |_| text("Hello!")),
    Function::new("trim", &[Str], |call| text(call.text(0).trim())),
    Function::new("upper", &[Str], |call| text(call.text(0).chars().map(upper).collect::<String>())),
    Function::new("lower", &[Str], |call| text(call.text(0).chars().map(lower).collect::<String>())),
    Function::new("substr", &[Int, Int, Str], substring),
    Function::new("trunc", &[Int, Str], truncate),
    Function::new("repeat", &[Int, Str], repeat),
    Function::new("trimall", &[Str, Str], |call| text(trim_all(call))),
    Function::new("trimAll", &[Str, Str], |call| text(trim_all(call))),
    Function::new("trimSuffix", &[Str, Str], |call| {
        let whole = call.bytes(1);
        text(whole.strip_suffix(call.bytes(0)).unwrap_or(whole))
    }),
    Function::new("trimPrefix", &[Str, Str], |call| {
        let whole = call.bytes(1);
        text(whole.strip_prefix(call.bytes(0)).unwrap_or(whole))
    }),
    Function::new("nospace", &[Str], |call| {
        text(call.text(0).chars().filter(|char| !char.is_whitespace()).collect::<String>())
    }),
    Function::new("randAlphaNum", &[Int], |call| {
        random(call, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }),
    Function::new("randAlpha", &[Int], |call| {
        random(call, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    }),
    Function::new("randNumeric", &[Int], |call| random(call, b"0123456789")),
    Function::new("randAscii", &[Int], |call| {
        let printable = (b' '..=b'~').collect::<Vec<_>>();
        random(call, &printable)
    }),
    Function::new("contains", &[Str, Str], |call| flag(call.text(1).contains(&*call.text(0)))),
    Function::new("hasPrefix", &[Str, Str], |call| flag(call.bytes(1).starts_with(call.bytes(0)))),
    Function::new("hasSuffix", &[Str, Str], |call| flag(call.bytes(1).ends_with(call.bytes(0)))),
    Function::variadic("quote", &[Any], |call| {
        quoted(call, |value| quote(shown(value).as_bytes()).into_bytes())
    }),
    Function::variadic("squote", &[Any], |call| {
        quoted(call, |value| [b"'", print(value).as_slice(), b"'"].concat())
    }),
    Function::variadic("cat", &[Any], |call| quoted(call, print)),
    Function::new("indent", &[Int, Str], |call| text(indent(call, b"")?)),
    Function::new("nindent", &[Int, Str], |call| text(indent(call, b"\n")?)),
    Function::new("replace", &[Str, Str, Str], |call| {
        let (old, new, whole) = (call.text(0), call.text(1), call.text(2));
        call.bound(whole.len() + (whole.len() / old.len().max(1) + 1) * new.len())?;
        text(whole.replace(&*old, &new))
    }),
    Function::new("plural", &[Str, Str, Int], |call| Ok(call.value(usize::from(call.int(2) != 1)).clone())),
    Function::new("toString", &[Any], |call| Ok(Value::Text(shown(call.value(0))))),
    Function::new("split", &[Str, Str], |call| Ok(numbered(split(call, 1)))),
    Function::new("splitn", &[Str, Int, Str], |call| Ok(numbered(split_n(call)))),
    Function::new("splitList", &[Str, Str], |call| Ok(Value::texts(split(call, 1)))),
    Function::new("toStrings", &[Any], |call| Ok(Value::texts(texts(call.value(0))))),
    Function::new("join", &[Str, Any], |call| {
        let items = texts(call.value(1));
        let length = items.iter().map(Text::len).sum::<usize>();
        call.bound(length + items.len() * call.bytes(0).len())?;
        let parts = items.iter().map(Text::as_bytes).collect::<Vec<_>>();
        text(parts.join(call.bytes(0)))
    }),
];

/// The texts of a list without its nils; one text for one thing.
pub(super) fn texts(value: &Value) -> Vec<Text> {
    match value.items() {
        Some(items) => items.iter().filter(|item| !item.is_nil()).map(shown).collect(),
        None if value.is_nil() => Vec::new(),
        None => vec![shown(value)],
    }
}

fn quoted(call: &Call, show: impl Fn(&Value) -> Vec<u8>) -> Answer {
    let parts = call.arguments.iter().filter(|value| !value.is_nil()).map(show).collect::<Vec<_>>();
    text(parts.join(&b' '))
}

/// What Go says where a slice of a string goes wrong.
fn out_of_range(bound: i64, length: usize) -> Failure {
    Failure::new(format!("runtime error: slice bounds out of range [:{bound}] with length {length}"))
}

fn substring(call: &mut Call) -> Answer {
    let (start, end, bytes) = (call.int(0), call.int(1), call.bytes(2));
    let length = bytes.len();
    let from = usize::try_from(start).unwrap_or(0);
    if start < 0 {
        let Ok(end) = usize::try_from(end) else {
            return Err(Failure::new(format!("runtime error: slice bounds out of range [:{end}]")));
        };
        return text(bytes.get(..end).ok_or_else(|| out_of_range(call.int(1), length))?);
    }
    let to = usize::try_from(end).ok().filter(|&end| end <= length).unwrap_or(length);
    let whole_rest = to == length && (end < 0 || call.int(1) > i64::try_from(length).unwrap_or(i64::MAX));
    text(bytes.get(from..to).ok_or_else(|| {
        let end = if whole_rest { String::new() } else { to.to_string() };
        let end = if end.is_empty() { length.to_string() } else { end };
        Failure::new(format!("runtime error: slice bounds out of range [{from}:{end}]"))
    })?)
}

fn truncate(call: &mut Call) -> Answer {
    let (count, bytes) = (call.int(0), call.bytes(1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    text(match count {
        ..0 if bytes.len() > size => &bytes[bytes.len() - size..],
        0.. if bytes.len() > size => &bytes[..size],
        _ => bytes,
    })
}

fn repeat(call: &mut Call) -> Answer {
    let Ok(count) = usize::try_from(call.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    call.bound(call.bytes(1).len().saturating_mul(count))?;
    text(call.bytes(1).repeat(count))
}

fn trim_all(call: &Call) -> String {
    let cut = call.text(0).chars().collect::<Vec<_>>();
    call.text(1).trim_matches(|char| cut.contains(&char)).to_owned()
}

fn random(call: &mut Call, alphabet: &[u8]) -> Answer {
    let count = usize::try_from(call.int(0)).unwrap_or(0);
    call.bound(count)?;
    let mut source = rand::rng();
    let bytes = (0..count).map(|_| alphabet[source.random_range(0..alphabet.len())]).collect::<Vec<_>>();
    text(bytes)
}

fn indent(call: &Call, before: &[u8]) -> Result<Vec<u8>, Failure> {
    let Ok(spaces) = usize::try_from(call.int(0)) else {
        return Err(Failure::new("strings: negative Repeat count"));
    };
    let bytes = call.bytes(1);
    let lines = bytes.split(|&byte| byte == b'\n').count();
    let size = before.len() + bytes.len() + lines.saturating_mul(spaces);
    call.bound(size)?;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(before);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        out.extend(std::iter::repeat_n(b' ', spaces));
        out.extend_from_slice(line);
    }
    if bytes.is_empty() || bytes.ends_with(b"\n") {
        out.extend(std::iter::repeat_n(b' ', spaces));
    }
    Ok(out)
}

/// Splits the text at `at` by the first argument.
fn split(call: &Call, at: usize) -> Vec<String> {
    let (separator, whole) = (call.text(0), call.text(at));
    if separator.is_empty() {
        return whole.chars().map(String::from).collect();
    }
    whole.split(&*separator).map(str::to_owned).collect()
}

fn split_n(call: &Call) -> Vec<String> {
    let (separator, whole) = (call.text(0), call.text(2));
    match (call.int(1), separator.is_empty()) {
        (0, _) => Vec::new(),
        (..0, _) => split(call, 2),
        (count, false) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            whole.splitn(count, &*separator).map(str::to_owned).collect()
        }
        (count, true) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let mut parts = whole.chars().map(String::from).collect::<Vec<_>>();
            if parts.len() > count {
                let rest = parts.split_off(count - 1).concat();
                parts.push(rest);
            }
            parts
        }
    }
}

/// A map with the keys `_0`, `_1` and so on.
fn numbered(parts: Vec<String>) -> Value {
    let entry = |(index, part): (usize, String)| (Text::from(format!("_{index}")), Value::text(part));
    let entries = parts.into_iter().enumerate().map(entry).collect();
    Value::Map(super::super::template::Map::new(MapKind::Text, entries))
}
