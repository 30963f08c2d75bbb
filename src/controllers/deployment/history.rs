//! Revisions: the annotations by which `kubectl rollout history` and `undo` find them. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::ResourceExt as _;

use super::rollout::Bounds;

/// The revision that a template is, on Deployment and `ReplicaSet`.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";

/// Annotations of a Deployment that are about itself.
const OWN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MAXIMUM,
];

/// The revision of a set; 0 if it has none.
pub(super) fn revision(set: &ReplicaSet) -> i64 {
    set.annotations().get(REVISION).and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

/// The revision that the newest template has: one more than the largest of the others.
pub(super) fn next_revision<'a>(old: impl IntoIterator<Item = &'a ReplicaSet>) -> i64 {
    old.into_iter().map(revision).max().unwrap_or_default() + 1
}

/// The annotations that a set has after a change of size.
pub(super) fn size_annotations(bounds: Bounds) -> BTreeMap<String, String> {
    BTreeMap::from([
        (DESIRED.to_owned(), bounds.replicas.to_string()),
        (MAXIMUM.to_owned(), bounds.maximum().to_string()),
    ])
}

/// How many replicas the Deployment wanted when the set was last told its size.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    set.annotations().get(DESIRED).and_then(|desired| desired.parse().ok())
}

/// How many Pods there might have been when the set was last told its size.
pub(super) fn maximum(set: &ReplicaSet) -> Option<i32> {
    set.annotations().get(MAXIMUM).and_then(|maximum| maximum.parse().ok())
}

/// The annotations of the newest set: the Deployment's, and its revision. A set that becomes the newest again keeps
/// the revisions that it was before.
pub(super) fn annotations(
    deployment: &Deployment,
    set: Option<&ReplicaSet>,
    next: i64,
) -> BTreeMap<String, String> {
    let mut annotations = set.map(|set| set.annotations().clone()).unwrap_or_default();
    let copied = deployment.annotations().iter().filter(|(key, _)| !OWN.contains(&key.as_str()));
    annotations.extend(copied.map(|(key, value)| (key.clone(), value.clone())));
    let before = set.map(revision).unwrap_or_default();
    if before < next {
        if before > 0 {
            let history = annotations.get(HISTORY).filter(|history| !history.is_empty());
            let history = history.map_or_else(|| before.to_string(), |history| format!("{history},{before}"));
            annotations.insert(HISTORY.to_owned(), history);
        }
        annotations.insert(REVISION.to_owned(), next.to_string());
    }
    annotations
}

/// The old sets that are beyond the limit of the history: without Pods, smallest revisions first.
pub(super) fn superfluous<'a>(old: &'a [ReplicaSet], limit: i32) -> Vec<&'a ReplicaSet> {
    let empty = |set: &&ReplicaSet| {
        let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
        let status = set.status.clone().unwrap_or_default();
        let seen = status.observed_generation >= set.metadata.generation;
        wanted == 0 && status.replicas == 0 && seen && set.metadata.deletion_timestamp.is_none()
    };
    let mut sets = old.iter().collect::<Vec<&'a ReplicaSet>>();
    sets.sort_by_key(|set| revision(set));
    let excess = sets.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
    sets.into_iter().take(excess).filter(empty).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(annotations: &Value) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": { "annotations": annotations },
            "spec": { "replicas": 0, "selector": {} }, "status": { "replicas": 0 },
        }))
        .unwrap()
    }

    #[test]
    fn template_that_comes_back_gets_a_new_revision_and_keeps_the_old() {
        let deployment = serde_json::from_value(json!({
            "metadata": { "annotations": { REVISION: "2", "kubernetes.io/change-cause": "undo" } },
        }))
        .unwrap();
        let (first, second) = (set(&json!({ REVISION: "1" })), set(&json!({ REVISION: "2" })));
        let annotations = annotations(&deployment, Some(&first), next_revision([&second]));
        assert_eq!(
            json!(annotations),
            json!({ HISTORY: "1", REVISION: "3", "kubernetes.io/change-cause": "undo" })
        );
    }

    #[test]
    fn history_is_cut_at_its_limit() {
        let old = ["3", "1", "2"].map(|revision| set(&json!({ REVISION: revision })));
        let cut = superfluous(&old, 1).into_iter().map(revision).collect::<Vec<_>>();
        assert_eq!(cut, [1, 2]);
    }
}
