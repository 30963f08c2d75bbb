//! Paths as `replacements` and `vars` write them: `spec.template.spec.containers.[name=web].image`, with `*` for every
//! item and a number for one of them.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/>

use regex::Regex;
use serde_json::{Map, Value};

/// What is made at the end of a path that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Scalar,
    Map,
    List,
}

impl Made {
    fn value(self) -> Value {
        match self {
            Self::Scalar => Value::Null,
            Self::Map => Value::Object(Map::new()),
            Self::List => Value::Array(Vec::new()),
        }
    }
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Field(String),
    Index(usize),
    /// `[key=value]`, or `[=value]` with an empty key for the item itself.
    Item {
        key: String,
        value: String,
    },
    /// `*`
    Every,
    /// `-`: the last one, where a single value is looked up.
    Last,
}

/// Splits a path at its dots; `\.` is a dot of a field's name, and between brackets a dot is one of a key or value.
pub(super) fn split(path: &str) -> Vec<Part> {
    let mut texts: Vec<String> = Vec::new();
    let mut whole = false;
    for piece in path.split('.') {
        match texts.last_mut() {
            Some(last) if whole => {
                last.push('.');
                last.push_str(piece);
            }
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(piece);
            }
            _ => texts.push(piece.to_owned()),
        }
        whole = texts.last().is_some_and(|text| text.starts_with('[') && !text.ends_with(']'));
    }
    texts.into_iter().map(part).collect()
}

fn part(text: String) -> Part {
    if let Ok(index) = text.parse() {
        return Part::Index(index);
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match inside.split_once('=') {
            Some((key, value)) => Part::Item { key: key.to_owned(), value: value.to_owned() },
            None => Part::Field(inside.to_owned()),
        };
    }
    match text.as_str() {
        "*" => Part::Every,
        "-" => Part::Last,
        _ => Part::Field(text),
    }
}

/// The single value at a path; nothing where it is not there. The error says why the path cannot be followed.
pub(super) fn look_up<'a>(value: &'a Value, path: &[Part]) -> Result<Option<&'a Value>, String> {
    let mut value = value;
    for part in path {
        let next = match part {
            Part::Field(name) => match value {
                Value::Object(fields) => fields.get(name),
                Value::Null => None,
                other => return Err(wrong_kind("MappingNode", other)),
            },
            Part::Index(_) | Part::Last | Part::Item { .. } => {
                let items = match value {
                    Value::Array(items) => items,
                    Value::Null => return Ok(None),
                    other => return Err(wrong_kind("SequenceNode", other)),
                };
                match part {
                    Part::Index(index) => items.get(*index),
                    Part::Item { key, value } => {
                        items.iter().find(|item| text_of(item, key) == Some(value.clone()))
                    }
                    _ => items.last(),
                }
            }
            Part::Every => return Err("wildcard is not supported in PathGetter".to_owned()),
        };
        let Some(next) = next else { return Ok(None) };
        value = next;
    }
    Ok(Some(value))
}

/// Calls `change` with every value at a path, and returns how many there were. What is missing is made when `made` says
/// what the last part becomes.
pub(super) fn visit(
    value: &mut Value,
    path: &[Part],
    made: Option<Made>,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((first, rest)) = path.split_first() else { return change(value).map(|()| 1) };
    match first {
        Part::Field(name) => {
            if value.is_null() && made.is_some() {
                *value = Made::Map.value();
            }
            let fields = match value {
                Value::Object(fields) => fields,
                Value::Null => return Ok(0),
                other => return Err(wrong_kind("MappingNode", other)),
            };
            if let Some(made) = made
                && !fields.contains_key(name)
            {
                fields.insert(name.clone(), next_kind(rest, made).value());
            }
            fields.get_mut(name).map_or(Ok(0), |field| visit(field, rest, made, change))
        }
        Part::Index(index) => {
            let items = items_of(value)?;
            if let Some(made) = made
                && items.len() == *index
            {
                items.push(next_kind(rest, made).value());
            }
            let count = items.len();
            let item = items.get_mut(*index);
            let item =
                item.ok_or_else(|| format!("index {index} specified but only {count} elements found"))?;
            visit(item, rest, made, change)
        }
        Part::Item { key, value: pattern } => visit_items(value, (key, pattern), rest, made, change),
        Part::Every | Part::Last => {
            let mut count = 0;
            for item in items_of(value)? {
                count += visit(item, rest, made, change)?;
            }
            Ok(count)
        }
    }
}

/// The items of which a field, or which themselves, match a regular expression somewhere, as kustomize matches them.
fn visit_items(
    value: &mut Value,
    (key, pattern): (&String, &String),
    rest: &[Part],
    made: Option<Made>,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<usize, String> {
    let regex = Regex::new(pattern).map_err(|error| format!("error parsing regexp: {error}"))?;
    let items = items_of(value)?;
    let fits = |item: &Value| text_of(item, key).is_some_and(|text| regex.is_match(&text));
    if made.is_some() && !items.iter().any(fits) {
        let text = Value::from(pattern.as_str());
        items.push(if key.is_empty() {
            text
        } else {
            Value::Object([(key.clone(), text)].into_iter().collect())
        });
    }
    let mut count = 0;
    for item in items.iter_mut().filter(|item| fits(item)) {
        // The item itself is the end of a path to plain values.
        count += visit(item, if key.is_empty() { &[] } else { rest }, made, change)?;
    }
    Ok(count)
}

fn items_of(value: &mut Value) -> Result<&mut Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(wrong_kind("SequenceNode", other)),
    }
}

/// What a part that is missing becomes, for the one after it to fit in.
fn next_kind(rest: &[Part], last: Made) -> Made {
    match rest.first() {
        None => last,
        Some(Part::Index(_) | Part::Item { .. }) => Made::List,
        Some(_) => Made::Map,
    }
}

/// The text of an item's field, or of the item where no field is named.
fn text_of(item: &Value, key: &str) -> Option<String> {
    let value = if key.is_empty() { item } else { item.get(key)? };
    Some(text(value))
}

/// A plain value as text; none of lists and maps.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) | Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn wrong_kind(expected: &str, found: &Value) -> String {
    let is = match found {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    };
    let shown = found.to_string().chars().take(120).collect::<String>();
    format!("wrong node kind: expected {expected} but got {is}: node contents:\n{shown}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dots_split_but_not_within_brackets() {
        let field = |text: &str| Part::Field(text.to_owned());
        let item = |key: &str, value: &str| Part::Item { key: key.to_owned(), value: value.to_owned() };
        assert_eq!(
            split(r"metadata.annotations.a\.b/c.[name=x.y].2.*.[k.io/d].[=-v]"),
            [
                field("metadata"),
                field("annotations"),
                field("a.b/c"),
                item("name", "x.y"),
                Part::Index(2),
                Part::Every,
                field("k.io/d"),
                item("", "-v"),
            ]
        );
    }

    #[test]
    fn what_is_missing_is_made() {
        let mut object = json!({ "spec": { "list": [{ "name": "a" }] } });
        let mut set = |path: &str, made| {
            visit(&mut object, &split(path), made, &mut |value| {
                *value = json!("set");
                Ok(())
            })
        };
        assert_eq!(set("spec.list.[name=b].image", None), Ok(0));
        assert_eq!(set("spec.list.[name=b].image", Some(Made::Scalar)), Ok(1));
        assert_eq!(set("spec.list.*.more", Some(Made::Scalar)), Ok(2));
        assert_eq!(set("spec.plain.0", Some(Made::Scalar)), Ok(1));
        assert_eq!(set("spec.list.7", None), Err("index 7 specified but only 2 elements found".to_owned()));
        assert_eq!(
            object,
            json!({ "spec": { "list": [
                { "name": "a", "more": "set" }, { "name": "b", "image": "set", "more": "set" },
            ], "plain": ["set"] } })
        );
    }
}
