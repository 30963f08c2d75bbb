//! One step of the path to a field, as `fieldsV1` writes it.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>

use std::fmt;

use serde_json::Value;

use crate::apiserver::types::{ListKind, Schema};

/// A step from a structure to one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// To a field, by name.
    Field(String),
    /// To an item of a list, by the values of its keys, as JSON sorted by name.
    Key(String),
    /// To an item of a set, by its value, as JSON.
    Value(String),
    /// To an item by its place.
    Index(usize),
}

impl Step {
    /// Reads a name of `fieldsV1`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => Some(Self::Key(rest.to_owned())),
            "v" => Some(Self::Value(rest.to_owned())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// The name in `fieldsV1`.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => format!("k:{keys}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    /// The step to an item of a list whose items are told apart by `kind`; none where they are not, or an error in
    /// words when the item cannot be told apart.
    pub(super) fn to_item(list: &Schema, item: &Value) -> Result<Option<Self>, String> {
        match list.list_kind() {
            ListKind::Atomic => Ok(None),
            ListKind::Set => Ok(Some(Self::Value(item.to_string()))),
            ListKind::Map(keys) => keyed(list.items(), keys, item).map(Some),
        }
    }
}

fn keyed(items: &Schema, keys: &[Box<str>], item: &Value) -> Result<Step, String> {
    let Value::Object(fields) = item else {
        return Err("associative list with keys may not have non-map elements".to_owned());
    };
    let mut found: Vec<(&str, Value)> = Vec::new();
    for key in keys {
        let default = || items.field(key).and_then(|field| field.place().default.as_ref());
        match fields.get(&**key).filter(|value| !value.is_null()).or_else(default) {
            Some(value) => found.push((key, value.clone())),
            None if keys.len() == 1 => {
                return Err(format!(
                    "associative list with keys has an element that omits key field {key:?} (and doesn't have default value)"
                ));
            }
            None => {}
        }
    }
    if found.is_empty() {
        return Err(format!(
            "associative list with keys has an element that omits all key fields {keys:?} (and doesn't have default values for any key fields)"
        ));
    }
    found.sort_by(|a, b| a.0.cmp(b.0));
    let found = found.into_iter().map(|(key, value)| (key.to_owned(), value));
    Ok(Step::Key(Value::Object(found.collect()).to_string()))
}

impl fmt::Display for Step {
    /// As conflicts name it: `.spec.ports[port=80,protocol="TCP"]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Value(value) => write!(formatter, "[={value}]"),
            Self::Index(index) => write!(formatter, "[{index}]"),
            Self::Key(keys) => {
                let keys: serde_json::Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
                let parts: Vec<String> = keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(formatter, "[{}]", parts.join(","))
            }
        }
    }
}
