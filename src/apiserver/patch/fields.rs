//! A set of fields of an object, as a tree, with its form in `fieldsV1`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::step::Step;

/// A set of paths. A path is in the set when its node is a member; a node that is none only leads to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    member: bool,
    children: BTreeMap<Step, Fields>,
}

impl Fields {
    /// Whether no path is in the set.
    pub(super) fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Self::is_empty)
    }

    /// Whether the path that ends here is in the set.
    pub(super) fn is_member(&self) -> bool {
        self.member
    }

    /// Puts the path that ends here into the set.
    pub(super) fn set_member(&mut self) {
        self.member = true;
    }

    /// The paths that go on with `step`.
    pub(super) fn child(&self, step: &Step) -> Option<&Self> {
        self.children.get(step)
    }

    /// The steps that paths go on with.
    pub(super) fn children(&self) -> impl Iterator<Item = (&Step, &Self)> {
        self.children.iter()
    }

    /// Adds the paths below `step`, unless there are none.
    pub(super) fn attach(&mut self, step: Step, below: Self) {
        if !below.is_empty() {
            self.children.insert(step, below);
        }
    }

    /// The paths in this set or the other.
    pub(super) fn union(mut self, other: &Self) -> Self {
        self.add(other);
        self
    }

    fn add(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, child) in &other.children {
            self.children.entry(step.clone()).or_default().add(child);
        }
    }

    /// The paths in this set but not in the other.
    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut rest = Self { member: self.member && !other.member, ..Self::default() };
        for (step, child) in &self.children {
            match other.children.get(step) {
                Some(taken) => rest.attach(step.clone(), child.difference(taken)),
                None => rest.attach(step.clone(), child.clone()),
            }
        }
        rest
    }

    /// The paths in both sets.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self { member: self.member && other.member, ..Self::default() };
        for (step, child) in &self.children {
            if let Some(shared) = other.children.get(step) {
                both.attach(step.clone(), child.intersection(shared));
            }
        }
        both
    }

    /// The paths in words, such as `.spec.replicas`, sorted.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths(&mut String::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, path: &mut String, paths: &mut Vec<String>) {
        if self.member {
            paths.push(path.clone());
        }
        for (step, child) in &self.children {
            let length = path.len();
            path.push_str(&step.to_string());
            child.collect_paths(path, paths);
            path.truncate(length);
        }
    }

    /// Reads `fieldsV1`; names that are none are left out.
    pub(super) fn parse(written: &Value) -> Self {
        let mut fields = Self::default();
        for (name, below) in written.as_object().into_iter().flatten() {
            let Some(step) = Step::parse(name) else { continue };
            fields.children.insert(step, Self::parse_below(below));
        }
        fields
    }

    fn parse_below(written: &Value) -> Self {
        let mut fields = Self::parse(written);
        let alone = written.as_object().is_none_or(Map::is_empty);
        fields.member = alone || written.get(".").is_some();
        fields
    }

    /// Writes `fieldsV1`.
    pub(super) fn to_value(&self) -> Value {
        let mut written = Map::new();
        if self.member && !self.children.is_empty() {
            written.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            written.insert(step.name(), child.to_value());
        }
        Value::Object(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_and_writes_the_same() {
        let written = json!({
            "f:metadata": { "f:labels": { ".": {}, "f:app": {} } },
            "f:spec": { "f:ports": { "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {} } } },
        });
        let fields = Fields::parse(&written);
        assert_eq!(fields.to_value(), written);
        assert_eq!(
            fields.paths(),
            [
                ".metadata.labels",
                ".metadata.labels.app",
                ".spec.ports[port=80,protocol=\"TCP\"]",
                ".spec.ports[port=80,protocol=\"TCP\"].port"
            ]
        );
    }

    #[test]
    fn algebra() {
        let (a, b) = (json!({"f:a": {}, "f:b": {"f:c": {}}}), json!({"f:b": {"f:c": {}, "f:d": {}}}));
        let (a, b) = (Fields::parse(&a), Fields::parse(&b));
        assert_eq!(a.clone().union(&b).to_value(), json!({"f:a": {}, "f:b": {"f:c": {}, "f:d": {}}}));
        assert_eq!(a.difference(&b).to_value(), json!({"f:a": {}}));
        assert_eq!(a.intersection(&b).to_value(), json!({"f:b": {"f:c": {}}}));
        assert!(a.difference(&a).is_empty());
    }
}
