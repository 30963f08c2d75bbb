//! `set`: one value of a YAML text becomes another, and everything else, comments too, stays as it is.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use serde_saphyr::Spanned;

use crate::manifests::yaml;

/// A YAML tree that knows where its scalars are.
enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Map(Vec<(String, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Map(pairs))
    }
}

/// Replaces the scalar at a dotted path, such as `images.0.newTag`. Nothing when there is no scalar.
pub(crate) fn set_value(text: &str, path: &str, value: &Value) -> Option<String> {
    let root: Spanned<Node> = serde_saphyr::from_str(text).ok()?;
    let mut node = &root;
    for name in path.split('.') {
        node = match &node.value {
            Node::Map(pairs) => pairs.iter().find(|(key, _)| key == name).map(|(_, node)| node)?,
            Node::List(items) => items.get(name.parse::<usize>().ok()?)?,
            Node::Scalar => return None,
        };
    }
    let Node::Scalar = node.value else { return None };
    let span = node.defined.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start + usize::try_from(span.byte_len()?).ok()?;
    let old = text.get(start..end)?;
    let end = start + old.trim_end().len();
    // What was written must be read back as such.
    let reads_back = |changed: &String| {
        let read = serde_saphyr::from_str::<Value>(changed).ok();
        let found = path.split('.').try_fold(read.as_ref()?, |value, name| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        });
        (found == Some(value)).then_some(())
    };
    let written = scalars(value, old.starts_with(['"', '\''])).into_iter().map(|new| {
        let mut changed = text.to_owned();
        changed.replace_range(start..end, &new);
        changed
    });
    written.into_iter().find(|changed| reads_back(changed).is_some())
}

/// How a value can be written, the best first: without quotes where there were none and no reader takes it for
/// something else.
fn scalars(value: &Value, quoted: bool) -> Vec<String> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::String(_) if quoted => vec![value.to_string()],
        Value::String(_) => {
            let plain = yaml::write(value).trim_end().to_owned();
            let plain = Some(plain).filter(|plain| !plain.contains('\n'));
            plain.into_iter().chain([value.to_string()]).collect()
        }
        Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# copies\nreplicas:\n- name: postcard # ours\n  count: 1 # one\nimages: [{name: x, newTag: \"1.0.0\"}]\nnote: a b\n";

    #[test]
    fn changes_one_value_and_nothing_else() {
        let cases = [
            ("replicas.0.count", json!(4), TEXT.replace("count: 1 #", "count: 4 #")),
            ("images.0.newTag", json!("1.1.0"), TEXT.replace("1.0.0", "1.1.0")),
            ("note", json!("yes"), TEXT.replace("a b", "\"yes\"")),
            ("note", json!("workshop"), TEXT.replace("a b", "workshop")),
            ("note", json!("0.1.x"), TEXT.replace("a b", "0.1.x")),
            ("note", json!("0.1.0"), TEXT.replace("a b", "0.1.0")),
            ("note", json!("/ready"), TEXT.replace("a b", "/ready")),
            ("note", json!("1.5"), TEXT.replace("a b", "\"1.5\"")),
            ("replicas.0.name", json!("a: b"), TEXT.replace("name: postcard", "name: 'a: b'")),
            ("images.0.name", json!("a, b"), TEXT.replace("name: x", "name: \"a, b\"")),
            ("note", json!(true), TEXT.replace("a b", "true")),
        ];
        for (path, value, expected) in cases {
            assert_eq!(set_value(TEXT, path, &value), Some(expected), "{path}");
        }
    }

    #[test]
    fn refuses_what_is_no_scalar() {
        for path in ["replicas", "replicas.1.count", "replicas.0.missing", "note.deeper", ""] {
            assert_eq!(set_value(TEXT, path, &json!(1)), None, "{path}");
        }
        assert_eq!(set_value(TEXT, "note", &json!([1])), None);
        assert_eq!(set_value("a: [", "a", &json!(1)), None);
    }
}
