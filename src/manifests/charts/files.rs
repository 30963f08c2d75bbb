//! `.Files`: what is in a chart besides templates, and the methods that templates call on it.

use std::collections::BTreeMap;

use super::encoding::{base64, yaml_text};
use super::template::{Call, Failure, Function, List, Map, MapKind, Text, Type, Value};

/// The files of a chart as a value.
pub(super) fn value<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Value {
    let entries = files.into_iter().map(|(name, bytes)| (Text::from(name), Value::text(bytes)));
    Value::Map(Map::new(MapKind::Files, entries.collect()))
}

static METHODS: [Function; 6] = [
    Function::new("Get", &[Type::Text], |call| Ok(Value::Text(get(call)))),
    Function::new("GetBytes", &[Type::Text], |call| Ok(Value::Bytes(get(call)))),
    Function::new("Glob", &[Type::Text], glob),
    Function::new("Lines", &[Type::Text], |call| Ok(lines(&get(call)))),
    Function::new("AsConfig", &[], |call| as_map(call, |text| Value::Text(text.clone()))),
    Function::new("AsSecrets", &[], |call| as_map(call, |text| Value::text(base64(text.as_bytes())))),
];

/// The method of that name. Its first argument is the files.
pub(super) fn method(name: &str) -> Option<&'static Function> {
    METHODS.iter().find(|method| method.name == name)
}

fn get(call: &Call) -> Text {
    match call.map(0).get(call.bytes(1)) {
        Some(Value::Text(text)) => text,
        _ => Text::from(""),
    }
}

fn lines(text: &Text) -> Value {
    if text.is_empty() {
        return Value::List(List::new(super::template::Element::Text, Vec::new()));
    }
    let bytes = text.as_bytes();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    Value::texts(bytes.split(|&byte| byte == b'\n'))
}

fn as_map(call: &Call, value: fn(&Text) -> Value) -> Result<Value, Failure> {
    let map = call.map(0);
    let mut entries = BTreeMap::new();
    for (name, content) in map.entries().iter() {
        if let Value::Text(content) = content {
            let name = name.to_str();
            let base = name.rsplit('/').next().unwrap_or(&name);
            entries.insert(Text::from(base), value(content));
        }
    }
    yaml_text(&Value::Map(Map::new(MapKind::Text, entries))).map(Value::text)
}

#[expect(clippy::unnecessary_wraps, reason = "the functions of the table have one signature")]
fn glob(call: &mut Call) -> Result<Value, Failure> {
    let pattern = Glob::new(&call.text(1));
    let map = call.map(0);
    let entries = map.entries();
    let matching = entries.iter().filter(|(name, _)| pattern.matches(&name.to_str()));
    let matching = matching.map(|(name, content)| (name.clone(), content.clone())).collect();
    Ok(Value::Map(Map::new(MapKind::Files, matching)))
}

/// A pattern of gobwas/glob with `/` between names: `*` within a name, `**` across, `?`, `[a-z]`, `[!a]`, `{a,b}`.
pub(super) struct Glob {
    expression: Option<regex::Regex>,
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        let mut text = String::from("(?s)^");
        let mut chars = pattern.chars().peekable();
        let mut alternatives = 0;
        while let Some(char) = chars.next() {
            match char {
                '*' if chars.next_if_eq(&'*').is_some() => text.push_str(".*"),
                '*' => text.push_str("[^/]*"),
                '?' => text.push_str("[^/]"),
                '[' => {
                    text.push('[');
                    if chars.next_if_eq(&'!').is_some() {
                        text.push('^');
                    }
                    for inner in chars.by_ref() {
                        match inner {
                            ']' => break,
                            '-' => text.push('-'),
                            inner => text.push_str(&regex::escape(&inner.to_string())),
                        }
                    }
                    text.push(']');
                }
                '{' => {
                    alternatives += 1;
                    text.push_str("(?:");
                }
                '}' if alternatives > 0 => {
                    alternatives -= 1;
                    text.push(')');
                }
                ',' if alternatives > 0 => text.push('|'),
                '\\' => text.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
                char => text.push_str(&regex::escape(&char.to_string())),
            }
        }
        text.push('$');
        Self { expression: regex::Regex::new(&text).ok() }
    }

    /// What cannot be understood matches everything, as in Helm.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.expression.as_ref().is_none_or(|expression| expression.is_match(name))
    }
}
