//! Label and field selectors: parsed from a request, matched against stored JSON.
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::status::Status;
use super::types;

/// More requirements than anybody writes.
const MAX_REQUIREMENTS: usize = 256;

const NUMBERS: &str = "for 'Gt', 'Lt' operators, the value must be an integer";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// What a list or watch is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selectors {
    labels: Vec<Requirement>,
    /// Path, value, and whether they shall be equal.
    fields: Vec<(String, String, bool)>,
}

#[derive(Deserialize)]
struct Labelled<'a> {
    #[serde(borrow, default)]
    metadata: Labels<'a>,
}

#[derive(Deserialize, Default)]
struct Labels<'a> {
    #[serde(borrow, default)]
    labels: Option<HashMap<Cow<'a, str>, Cow<'a, str>>>,
}

impl Selectors {
    /// Parses both selectors; `fields` names the paths that the resource can be selected by.
    pub(crate) fn parse(labels: Option<&str>, fields: Option<&str>, known: &[&str]) -> Result<Self, Status> {
        let labels = match labels {
            Some(text) => parse_labels(text)
                .map_err(|why| Status::bad_request(format!("unable to parse requirement: {why}")))?,
            None => Vec::new(),
        };
        let fields = match fields {
            Some(text) => parse_fields(text, known)?,
            None => Vec::new(),
        };
        Ok(Self { labels, fields })
    }

    /// The same, for one object only.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.fields.push(("metadata.name".to_owned(), name.to_owned(), true));
        self
    }

    /// Whether everything matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The name that is asked for, when only one can match.
    pub(crate) fn name(&self) -> Option<&str> {
        let named = self.fields.iter().find(|(path, _, equal)| path == "metadata.name" && *equal);
        named.map(|(_, name, _)| name.as_str())
    }

    /// The one name that a field selector asks for.
    pub(crate) fn only_name(text: &str) -> Option<String> {
        let paths: Vec<_> = text.split(',').filter_map(|term| term.split(['=', '!']).next()).collect();
        let fields = parse_fields(text, &paths).ok()?;
        Self { labels: Vec::new(), fields }.name().map(str::to_owned)
    }

    /// Matches a stored object.
    pub(crate) fn matches(&self, json: &[u8]) -> bool {
        self.matches_labels(json) && self.matches_fields(json)
    }

    fn matches_labels(&self, json: &[u8]) -> bool {
        if self.labels.is_empty() {
            return true;
        }
        let Ok(object) = serde_json::from_slice::<Labelled<'_>>(json) else { return false };
        let labels = object.metadata.labels.unwrap_or_default();
        self.labels.iter().all(|requirement| requirement.holds(|key| labels.get(key).map(AsRef::as_ref)))
    }

    fn matches_fields(&self, json: &[u8]) -> bool {
        if self.fields.is_empty() {
            return true;
        }
        let Ok(object) = serde_json::from_slice::<Value>(json) else { return false };
        self.fields.iter().all(|(path, wanted, equal)| (field(&object, path) == *wanted) == *equal)
    }
}

impl Requirement {
    fn holds<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let number = |key: &str| label(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Self::NotIn(key, values) => label(key).is_none_or(|value| values.iter().all(|one| one != value)),
            Self::Exists(key) => label(key).is_some(),
            Self::Absent(key) => label(key).is_none(),
            Self::Greater(key, than) => number(key).is_some_and(|value| value > *than),
            Self::Less(key, than) => number(key).is_some_and(|value| value < *than),
        }
    }
}

/// Matches labels (a JSON object) against a `LabelSelector` (`matchLabels`, `matchExpressions`) or, where it has
/// neither, against a plain map, as Services select Pods.
pub(crate) fn selects(selector: &Value, labels: Option<&Value>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let pairs = |map: &Value| {
        map.as_object().is_none_or(|map| map.iter().all(|(key, value)| label(key) == value.as_str()))
    };
    if selector.get("matchLabels").is_none() && selector.get("matchExpressions").is_none() {
        return pairs(selector);
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    selector.get("matchLabels").is_none_or(pairs)
        && expressions.into_iter().flatten().all(|expression| {
            let key = expression["key"].as_str().unwrap_or_default().to_owned();
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.filter_map(Value::as_str).map(str::to_owned).collect();
            let requirement = match expression["operator"].as_str() {
                Some("In") => Requirement::In(key, values),
                Some("NotIn") => Requirement::NotIn(key, values),
                Some("Exists") => Requirement::Exists(key),
                _ => Requirement::Absent(key),
            };
            requirement.holds(label)
        })
}

/// A selector object as the text that lists are narrowed with.
pub(crate) fn to_text(selector: &Value) -> String {
    let plain = selector.get("matchLabels").is_none() && selector.get("matchExpressions").is_none();
    let labels = if plain { Some(selector) } else { selector.get("matchLabels") };
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let mut parts: Vec<_> =
        labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let values = values.collect::<Vec<_>>().join(",");
        parts.push(match expression["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("Exists") => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    parts.sort();
    parts.join(",")
}

/// The text of a field as selectors see it: empty where there is none.
fn field<'a>(object: &'a Value, path: &str) -> Cow<'a, str> {
    let found = path.split('.').try_fold(object, |value, part| value.get(part));
    match found {
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(Value::Bool(_) | Value::Number(_)) => {
            Cow::Owned(found.map(Value::to_string).unwrap_or_default())
        }
        // Go prints the zero value of the fields that can be selected by and are no strings.
        _ if path == "spec.unschedulable" || path == "spec.hostNetwork" => Cow::Borrowed("false"),
        _ if path == "status.replicas" || path == "status.successful" => Cow::Borrowed("0"),
        _ => Cow::Borrowed(""),
    }
}

fn parse_fields(text: &str, known: &[&str]) -> Result<Vec<(String, String, bool)>, Status> {
    let mut fields = Vec::new();
    for term in text.split(',').filter(|term| !term.is_empty()).take(MAX_REQUIREMENTS) {
        let split = term
            .split_once("!=")
            .map(|(path, value)| (path, value, false))
            .or_else(|| term.split_once("==").map(|(path, value)| (path, value, true)))
            .or_else(|| term.split_once('=').map(|(path, value)| (path, value, true)));
        let Some((path, value, equal)) = split else {
            return Err(Status::bad_request(format!(
                "invalid selector: '{text}'; can't understand '{term}'"
            )));
        };
        if path != "metadata.name" && path != "metadata.namespace" && !known.contains(&path) {
            // Resources that have no fields of their own refuse in other words.
            return Err(Status::bad_request(if known.is_empty() {
                format!(
                    "\"{path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )
            } else if known == ["status.successful"] {
                format!("field label \"{path}\" not supported for Job")
            } else {
                format!("field label not supported: {path}")
            }));
        }
        fields.push((path.to_owned(), value.to_owned(), equal));
    }
    Ok(fields)
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    for term in terms(text) {
        let term = term.trim();
        if term.is_empty() {
            continue;
        }
        if requirements.len() == MAX_REQUIREMENTS {
            return Err(format!("more than {MAX_REQUIREMENTS} requirements"));
        }
        requirements.push(parse_label(term)?);
    }
    Ok(requirements)
}

/// Splits at the commas that are not inside of parentheses.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

fn parse_label(term: &str) -> Result<Requirement, String> {
    if let Some(key) = term.strip_prefix('!') {
        return Ok(Requirement::Absent(label_key(key)?));
    }
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Requirement::NotIn(label_key(key)?, vec![label_value(value, key, 0)?]));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Requirement::In(label_key(key)?, vec![label_value(value, key, 0)?]));
    }
    for (sign, greater) in [('>', true), ('<', false)] {
        if let Some((key, value)) = term.split_once(sign) {
            let number = value
                .trim()
                .parse()
                .map_err(|_| format!("values[0]: Invalid value: {value:?}: {NUMBERS}"))?;
            let key = label_key(key)?;
            return Ok(if greater {
                Requirement::Greater(key, number)
            } else {
                Requirement::Less(key, number)
            });
        }
    }
    let Some((head, set)) = term.split_once('(') else { return Ok(Requirement::Exists(label_key(term)?)) };
    let set = set.strip_suffix(')').ok_or_else(|| "found '', expected: ',' or ')'".to_owned())?;
    let key = head.split_whitespace().next().unwrap_or_default();
    let values = set.split(',').enumerate().map(|(place, value)| label_value(value, key, place));
    let values = values.collect::<Result<_, _>>()?;
    match head.split_whitespace().collect::<Vec<_>>().as_slice() {
        [key, "in"] => Ok(Requirement::In(label_key(key)?, values)),
        [key, "notin"] => Ok(Requirement::NotIn(label_key(key)?, values)),
        _ => Err(format!("found '{head}', expected: in, notin, =, ==, !=, gt, lt")),
    }
}

fn label_key(text: &str) -> Result<String, String> {
    let key = text.trim();
    match types::qualified(key).as_slice() {
        [] => Ok(key.to_owned()),
        wrong => Err(format!("<nil>: Invalid value: {key:?}: {}", wrong.join("; "))),
    }
}

fn label_value(text: &str, key: &str, place: usize) -> Result<String, String> {
    let value = text.trim();
    if let Some(sign) = value.chars().next().filter(|sign| "=!<>()".contains(*sign)) {
        return Err(format!("found '{sign}', expected: identifier"));
    }
    match types::label_value(value).as_slice() {
        [] => Ok(value.to_owned()),
        wrong => {
            Err(format!("values[{place}][{}]: Invalid value: {value:?}: {}", key.trim(), wrong.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_select_as_kubernetes_does() {
        let object =
            json!({"metadata": {"labels": {"app": "web", "tier": "front", "level": "3"}}}).to_string();
        for (selector, expected) in [
            ("app=web", true),
            ("app==web,tier=front", true),
            ("app!=web", false),
            ("absent!=x", true),
            ("app in (api, web)", true),
            ("app in (api),tier", false),
            ("app notin (api,db)", true),
            ("absent notin (a)", true),
            ("tier", true),
            ("!tier", false),
            ("!absent , tier", true),
            ("level>2,level<4", true),
            ("level>3", false),
            ("", true),
        ] {
            let parsed = Selectors::parse(Some(selector), None, &[]).unwrap();
            assert_eq!(parsed.matches(object.as_bytes()), expected, "{selector}");
        }
        for bad in ["a b", "app in (x", "=x", "app=ü", "a within (b)"] {
            assert!(Selectors::parse(Some(bad), None, &[]).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_select_known_paths_only() {
        let object =
            json!({"metadata": {"name": "a"}, "spec": {}, "status": {"phase": "Running"}}).to_string();
        let known = ["status.phase", "spec.nodeName", "spec.unschedulable"];
        for (selector, expected) in [
            ("metadata.name=a", true),
            ("metadata.name!=a", false),
            ("status.phase==Running,metadata.name=a", true),
            ("status.phase!=Failed", true),
            ("spec.nodeName=", true),
            ("spec.unschedulable=false", true),
        ] {
            let parsed = Selectors::parse(None, Some(selector), &known).unwrap();
            assert_eq!(parsed.matches(object.as_bytes()), expected, "{selector}");
        }
        let refused = Selectors::parse(None, Some("spec.foo=a"), &known).unwrap_err();
        assert_eq!(refused.message(), "field label not supported: spec.foo");
    }

    #[test]
    fn selector_objects() {
        let labels = json!({"app": "web"});
        let yes = [
            json!({"app": "web"}),
            json!({"matchLabels": {"app": "web"}}),
            json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}),
            json!({"matchExpressions": [{"key": "gone", "operator": "DoesNotExist"}]}),
        ];
        for selector in yes {
            assert!(selects(&selector, Some(&labels)), "{selector}");
        }
        assert!(!selects(&json!({"matchLabels": {"app": "api"}}), Some(&labels)));
        assert!(!selects(&json!({"app": "web"}), None));
    }
}
