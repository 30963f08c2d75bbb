//! The values of a release: those of `ConfigMaps` and Secrets, in their order, and the object's own over them.
//! <https://fluxcd.io/flux/components/helm/helmreleases/#values>

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::manifests::charts::read_values;
use crate::manifests::yaml;
use crate::objects::flux::{HelmRelease, ValuesReference};

/// Where values lie in a document, such as `image.tag` or `hosts[0].name`.
enum Step {
    Key(String),
    Index(usize),
}

/// The longest list that an index may make.
const LONGEST_LIST: usize = 65_536;

/// All values of a release. The error says which reference is wrong.
pub(super) async fn compose(object: &HelmRelease, client: &Client) -> Result<Map<String, Value>, String> {
    let mut values = Map::new();
    for reference in object.spec.values_from.iter().flatten() {
        let key = reference.values_key.as_deref().unwrap_or("values.yaml");
        let namespace = object.namespace().unwrap_or_default();
        let wrong = |reason: String| {
            let optional = if reference.optional { " optional" } else { "" };
            format!(
                "could not resolve{optional} {} chart values reference '{namespace}/{}' with key '{key}': {reason}",
                reference.kind, reference.name
            )
        };
        let Some(text) = read(reference, key, &namespace, client).await.map_err(&wrong)? else { continue };
        match &reference.target_path {
            Some(path) => set(&mut values, path, &text).map_err(&wrong)?,
            None => merge(&mut values, read_values(&text).map_err(&wrong)?),
        }
    }
    merge(&mut values, object.spec.values.clone().unwrap_or_default());
    Ok(values)
}

/// The text of a reference; nothing where it may be missing and is.
async fn read(
    reference: &ValuesReference,
    key: &str,
    namespace: &str,
    client: &Client,
) -> Result<Option<String>, String> {
    let told = |error: kube::Error| match error {
        kube::Error::Api(status) => status.message.clone(),
        error => error.to_string(),
    };
    let (name, missing) = (reference.name.as_str(), format!("missing key '{key}'"));
    let found = if reference.kind == "Secret" {
        let found = Api::<Secret>::namespaced(client.clone(), namespace).get_opt(name).await.map_err(told)?;
        found.map(|secret| {
            let bytes = secret.data.unwrap_or_default().remove(key);
            bytes.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned())
        })
    } else {
        let found =
            Api::<ConfigMap>::namespaced(client.clone(), namespace).get_opt(name).await.map_err(told)?;
        found.map(|map| map.data.unwrap_or_default().remove(key))
    };
    match found {
        Some(Some(text)) => Ok(Some(text)),
        _ if reference.optional => Ok(None),
        Some(None) => Err(missing),
        None => Err(format!("{}s \"{name}\" not found", reference.kind.to_lowercase())),
    }
}

/// Puts values over others, tables together.
fn merge(values: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (values.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(values.insert(key, value)),
        }
    }
}

/// Sets one value as `helm --set` does. A text in quotes stays one.
fn set(values: &mut Map<String, Value>, path: &str, text: &str) -> Result<(), String> {
    let quoted = ['\'', '"'].iter().find_map(|quote| {
        text.strip_prefix(*quote).and_then(|rest| rest.strip_suffix(*quote)).map(str::to_owned)
    });
    let value = quoted.map_or_else(|| typed(text), Value::String);
    let mut place = Value::Object(std::mem::take(values));
    let result = steps(path).and_then(|steps| put(&mut place, &steps, value));
    if let Value::Object(fields) = place {
        *values = fields;
    }
    result
}

fn typed(text: &str) -> Value {
    let is_plain = text == "0" || !text.trim_start_matches('-').starts_with('0');
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        text if text.starts_with('{') && text.ends_with('}') => {
            let inner = &text[1..text.len() - 1];
            let items = inner.split(',').filter(|item| !item.is_empty());
            items.map(|item| typed(item.trim())).collect()
        }
        text => match text.parse::<i64>() {
            Ok(number) if is_plain => number.into(),
            _ => text.into(),
        },
    }
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("path '{path}' is not one of keys and indexes");
    let mut steps = Vec::new();
    let mut key = String::new();
    let mut chars = path.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => key.push(chars.next().ok_or_else(wrong)?),
            '.' => {
                if !key.is_empty() {
                    steps.push(Step::Key(std::mem::take(&mut key)));
                }
            }
            '[' => {
                if !key.is_empty() {
                    steps.push(Step::Key(std::mem::take(&mut key)));
                }
                let digits = chars.by_ref().take_while(|char| *char != ']').collect::<String>();
                let index = digits.parse::<usize>().ok().filter(|index| *index <= LONGEST_LIST);
                steps.push(Step::Index(index.ok_or_else(wrong)?));
            }
            char => key.push(char),
        }
    }
    if !key.is_empty() {
        steps.push(Step::Key(key));
    }
    if steps.is_empty() { Err(wrong()) } else { Ok(steps) }
}

fn put(place: &mut Value, steps: &[Step], value: Value) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *place = value;
        return Ok(());
    };
    let inner = match step {
        Step::Key(key) => {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            let fields =
                place.as_object_mut().ok_or_else(|| format!("`{key}` is below a value that is no table"))?;
            fields.entry(key.clone()).or_insert(Value::Null)
        }
        Step::Index(index) => {
            if place.is_null() {
                *place = Value::Array(Vec::new());
            }
            let items = place
                .as_array_mut()
                .ok_or_else(|| format!("`[{index}]` is below a value that is no list"))?;
            if items.len() <= *index {
                items.resize(index + 1, Value::Null);
            }
            &mut items[*index]
        }
    };
    put(inner, rest, value)
}

/// `sha256:<hex>` of values as YAML with sorted keys; of nothing where there are none.
pub(super) fn digest(values: &Map<String, Value>) -> String {
    let text = if values.is_empty() { String::new() } else { yaml::write(&Value::Object(values.clone())) };
    format!("sha256:{:x}", Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_value_is_set_as_helm_does() {
        for (path, text, expected) in [
            ("a.b", "1", json!({ "a": { "b": 1, "old": true } })),
            ("a.b", "'1'", json!({ "a": { "b": "1", "old": true } })),
            ("a.old", "007", json!({ "a": { "old": "007" } })),
            ("c\\.d", "true", json!({ "a": { "old": true }, "c.d": true })),
            ("l[1].x", "{a,2}", json!({ "a": { "old": true }, "l": [null, { "x": ["a", 2] }] })),
            ("n", "null", json!({ "a": { "old": true }, "n": null })),
        ] {
            let mut values = json!({ "a": { "old": true } }).as_object().cloned().unwrap();
            set(&mut values, path, text).unwrap();
            assert_eq!(Value::Object(values), expected, "{path}={text}");
        }
        let mut values = json!({ "a": 1 }).as_object().cloned().unwrap();
        assert_eq!(set(&mut values, "a.b", "1").unwrap_err(), "`b` is below a value that is no table");
        assert_eq!(set(&mut values, "a[x]", "1").unwrap_err(), "path 'a[x]' is not one of keys and indexes");
        assert_eq!(values, json!({ "a": 1 }).as_object().cloned().unwrap());
    }

    #[test]
    fn the_digest_is_that_of_the_recordings() {
        let of = |value: Value| digest(value.as_object().unwrap());
        let recorded = "sha256:01651870dfc430f186a5a359fb13dde98a2ebfdad7d7e9c7bf8b58d64a51c2bb";
        assert_eq!(of(json!({ "message": "bonjour" })), recorded);
        let recorded = "sha256:7448970a89aafb23a78bd623b27bde3eb66eff7c54f7e89d7df04214208b4690";
        assert_eq!(of(json!({ "message": "" })), recorded);
        assert!(of(json!({})).starts_with("sha256:e3b0c442"));
    }
}
