//! Targets of patches: which resources they mean.

use regex::Regex;
use serde_json::Value;

use super::Error;
use super::identity::Identity;
use super::kustomization::Target;
use super::resource::Resource;

/// A target whose patterns are compiled.
pub(super) struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Selector {
    pub(super) fn new(target: &Target) -> Result<Self, Error> {
        let pattern = |text: &Option<String>| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| {
                let whole = Regex::new(&format!("^(?:{text})$"));
                whole.map_err(|_| Error::Pattern { pattern: text.to_owned() })
            })
            .transpose()
        };
        let requirements = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            Requirement::parse(text).ok_or_else(|| Error::Pattern { pattern: text.to_owned() })
        };
        Ok(Self {
            group: pattern(&target.group)?,
            version: pattern(&target.version)?,
            kind: pattern(&target.kind)?,
            name: pattern(&target.name)?,
            namespace: pattern(&target.namespace)?,
            labels: requirements(&target.label_selector)?,
            annotations: requirements(&target.annotation_selector)?,
        })
    }

    pub(super) fn matches(&self, resource: &Resource) -> bool {
        self.names(resource) && self.holds(resource)
    }

    /// Whether this, as one of `reject`, keeps a replacement away: by what the resource is called, or by its labels and
    /// annotations, if it says something of them.
    pub(super) fn rejects(&self, resource: &Resource) -> bool {
        let patterns = [&self.group, &self.version, &self.kind, &self.name, &self.namespace];
        let names = patterns.into_iter().any(Option::is_some);
        let holds = !self.labels.is_empty() || !self.annotations.is_empty();
        names && self.names(resource) || holds && self.holds(resource)
    }

    fn names(&self, resource: &Resource) -> bool {
        let is =
            |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|regex| regex.is_match(text));
        let named = |identity: Identity| {
            is(&self.group, &identity.group)
                && is(&self.version, &identity.version)
                && is(&self.kind, &identity.kind)
                && is(&self.name, &identity.name)
                && is(&self.namespace, &identity.namespace)
        };
        resource.identities().any(named)
    }

    fn holds(&self, resource: &Resource) -> bool {
        let holds = |requirements: &[Requirement], field: &str| {
            let values = resource.object.pointer(field).unwrap_or(&Value::Null);
            requirements.iter().all(|requirement| requirement.holds(values))
        };
        holds(&self.labels, "/metadata/labels") && holds(&self.annotations, "/metadata/annotations")
    }
}

/// One part of a label selector.
struct Requirement {
    key: String,
    values: Vec<String>,
    is_in: bool,
}

impl Requirement {
    /// Reads `a=b,c!=d,e,!f,g in (h,i)`.
    fn parse(text: &str) -> Option<Vec<Self>> {
        let mut parts = Vec::new();
        let (mut start, mut depth) = (0, 0_i32);
        for (at, char) in text.char_indices() {
            match char {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&text[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&text[start..]);
        parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(Self::parse_one).collect()
    }

    fn parse_one(text: &str) -> Option<Self> {
        let made = |key: &str, values: Vec<String>, is_in| Self { key: key.trim().to_owned(), values, is_in };
        let one = |value: &str| vec![value.trim().to_owned()];
        if let Some((key, value)) = text.split_once("!=") {
            return Some(made(key, one(value), false));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return Some(made(key, one(value), true));
        }
        if let Some((left, list)) = text.split_once('(') {
            let values = list.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
            let mut words = left.split_whitespace();
            let key = words.next()?;
            return match words.next()? {
                "in" => Some(made(key, values, true)),
                "notin" => Some(made(key, values, false)),
                _ => None,
            };
        }
        match text.strip_prefix('!') {
            Some(key) => Some(made(key, Vec::new(), false)),
            None => Some(made(text, Vec::new(), true)),
        }
    }

    fn holds(&self, values: &Value) -> bool {
        let found = values.get(&self.key).and_then(Value::as_str);
        let is_in = found
            .is_some_and(|found| self.values.is_empty() || self.values.iter().any(|value| value == found));
        is_in == self.is_in
    }
}
