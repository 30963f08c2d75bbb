//! `match`: a part of a tree. Of a map the listed keys count, of a list every listed element must fit some element.
//! A literal is compared strictly, what came from a template by its text.

use serde_json::Value;

use super::render::{RenderError, Scope, is_template, render};

/// A tree to find in another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pattern {
    /// Equal in type and value.
    Literal(Value),
    /// Equal in text.
    Text(String),
    /// Every element fits some element.
    List(Vec<Pattern>),
    /// Every key fits.
    Map(Vec<(String, Pattern)>),
}

impl Pattern {
    /// Renders the strings of a tree.
    pub(crate) fn render(tree: &Value, scope: &Scope) -> Result<Self, RenderError> {
        Ok(match tree {
            Value::String(text) if is_template(text) => Self::Text(render(text, scope)?),
            Value::Array(list) => {
                Self::List(list.iter().map(|item| Self::render(item, scope)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let pair = |(key, value): (&String, &Value)| Ok((key.clone(), Self::render(value, scope)?));
                Self::Map(map.iter().map(pair).collect::<Result<_, RenderError>>()?)
            }
            other => Self::Literal(other.clone()),
        })
    }

    /// What is wanted, a phrase for each value, as YAML would write it.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.tell("", &mut found);
        found
    }

    fn tell(&self, path: &str, found: &mut Vec<String>) {
        let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
        match self {
            Self::Literal(Value::String(text)) | Self::Text(text) => found.push(format!("`{place}{text}`")),
            Self::Literal(value) => found.push(format!("`{place}{value}`")),
            Self::Map(pairs) => {
                for (key, wanted) in pairs {
                    wanted.tell(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, found);
                }
            }
            Self::List(wanted) => {
                let one = |wanted: &Self| format!("{} in `{path}`", wanted.words().join(" with "));
                found.extend(wanted.iter().map(one));
            }
        }
    }

    /// The first place where `actual` does not fit, in words.
    pub(crate) fn difference(&self, actual: &Value) -> Option<String> {
        self.at("", Some(actual))
    }

    fn at(&self, path: &str, actual: Option<&Value>) -> Option<String> {
        let place = if path.is_empty() { "it" } else { path };
        let Some(actual) = actual else { return Some(format!("`{place}` is not there")) };
        match self {
            Self::Literal(wanted) => {
                (wanted != actual).then(|| format!("`{place}` is {}, not {wanted}", short(actual)))
            }
            Self::Text(wanted) => {
                let text = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
                (*wanted != text).then(|| format!("`{place}` is {}, not \"{wanted}\"", short(actual)))
            }
            Self::Map(pairs) => {
                if !actual.is_object() {
                    return Some(format!("`{place}` is {}, not a map", short(actual)));
                }
                pairs.iter().find_map(|(key, wanted)| {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    wanted.at(&path, actual.get(key))
                })
            }
            Self::List(wanted) => {
                let Some(list) = actual.as_array() else {
                    return Some(format!("`{place}` is {}, not a list", short(actual)));
                };
                wanted.iter().find_map(|wanted| Self::missing(wanted, place, list))
            }
        }
    }

    fn missing(wanted: &Self, place: &str, list: &[Value]) -> Option<String> {
        let differences: Vec<_> = list.iter().map(|item| wanted.difference(item)).collect();
        if differences.iter().any(Option::is_none) {
            return None;
        }
        Some(match differences.first() {
            Some(Some(only)) if list.len() == 1 => format!("the element of `{place}` does not fit: {only}"),
            _ => format!("none of the {} elements of `{place}` fits", list.len()),
        })
    }
}

/// A value in a few characters.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(60).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn difference(pattern: &Value, actual: &Value) -> Option<String> {
        let scope = json!({"vars": {"count": 2, "version": "1.10"}});
        Pattern::render(pattern, &Scope(scope.as_object().unwrap().clone())).unwrap().difference(actual)
    }

    #[test]
    fn tells_what_is_wanted() {
        let wanted = json!({"spec": {"replicas": 4, "name": "{{ vars.version }}"},
            "conditions": [{"type": "Ready", "status": "True"}, 3]});
        let scope = json!({"vars": {"version": "1.10"}});
        let pattern = Pattern::render(&wanted, &Scope(scope.as_object().unwrap().clone())).unwrap();
        let mut words = pattern.words();
        words.sort();
        let expected = [
            "`3` in `conditions`",
            "`spec.name: 1.10`",
            "`spec.replicas: 4`",
            "`type: Ready` with `status: True` in `conditions`",
        ];
        assert_eq!(words, expected);
    }

    #[test]
    fn tells_the_first_difference() {
        let cases = [
            (json!({"spec": {"replicas": 2}}), json!({"spec": {"replicas": 2, "paused": true}}), None),
            (json!({"a": 2}), json!({"a": "2"}), Some("`a` is \"2\", not 2")),
            (json!({"a": "{{ vars.count }}"}), json!({"a": 2}), None),
            (json!({"a": "{{ vars.version }}"}), json!({"a": "1.1"}), Some("`a` is \"1.1\", not \"1.10\"")),
            (json!({"a": {"b": 1}}), json!({"a": {}}), Some("`a.b` is not there")),
            (json!({"a": {"b": 1}}), json!({"a": [1]}), Some("`a` is [1], not a map")),
            (json!([{"x": 2}, {"x": 1}]), json!([{"x": 1}, {"x": 2, "y": 0}, {"x": 3}]), None),
            (json!({"l": [3]}), json!({"l": [1, 2]}), Some("none of the 2 elements of `l` fits")),
            (json!({"l": [3]}), json!({"l": [1]}), Some("the element of `l` does not fit: `it` is 1, not 3")),
            (json!({"l": [3]}), json!({"l": 3}), Some("`l` is 3, not a list")),
            (json!(null), json!(null), None),
        ];
        for (pattern, actual, expected) in cases {
            assert_eq!(difference(&pattern, &actual).as_deref(), expected, "{pattern} in {actual}");
        }
    }
}
