//! Which nodes a Pod may be on: selector, required affinity, taints and tolerations, as kube-scheduler and the
//! controller of `DaemonSet`s both look at them. Follows the documentation of "Assigning Pods to Nodes" and "Taints
//! and Tolerations". Pure.

use k8s_openapi::api::core::v1::{
    Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration,
};

/// Whether a Pod's node selector and its required node affinity allow a node. Preferences say nothing about that.
pub fn allows_node(spec: &PodSpec, node: &Node) -> bool {
    let label = |key: &str| node.metadata.labels.as_ref().and_then(|labels| labels.get(key));
    if spec.node_selector.iter().flatten().any(|(key, value)| label(key) != Some(value)) {
        return false;
    }
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_none_or(|required| required.node_selector_terms.iter().any(|term| holds(term, node)))
}

/// A term without any requirement is about no node.
fn holds(term: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = term.match_expressions.iter().flatten().map(|requirement| {
        let labels = node.metadata.labels.as_ref();
        is_met(requirement, labels.and_then(|labels| labels.get(&requirement.key)).map(String::as_str))
    });
    let fields = term.match_fields.iter().flatten().map(|requirement| {
        let name = (requirement.key == "metadata.name").then_some(node.metadata.name.as_deref());
        is_met(requirement, name.flatten())
    });
    let all = labels.chain(fields).collect::<Vec<_>>();
    !all.is_empty() && all.into_iter().all(|met| met)
}

fn is_met(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let among = value.is_some_and(|value| values.iter().any(|one| one == value));
    let compared = || {
        let number = |text: &str| text.parse::<i64>().ok();
        Some(number(value?)?.cmp(&number(values.first()?)?))
    };
    match requirement.operator.as_str() {
        "In" => among,
        "NotIn" => !among,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared().is_some_and(std::cmp::Ordering::is_gt),
        "Lt" => compared().is_some_and(std::cmp::Ordering::is_lt),
        _ => false,
    }
}

/// A node's own taints that keep Pods away, and those that its state stands for.
pub fn taints(node: &Node) -> Vec<Taint> {
    let spec = node.spec.clone().unwrap_or_default();
    let mut taints = spec.taints.unwrap_or_default();
    taints.retain(|taint| taint.effect != "PreferNoSchedule");
    let mut imply = |key: &str| {
        let key = format!("node.kubernetes.io/{key}");
        if !taints.iter().any(|taint| taint.key == key) {
            taints.push(Taint { key, effect: "NoSchedule".to_owned(), ..Taint::default() });
        }
    };
    if spec.unschedulable == Some(true) {
        imply("unschedulable");
    }
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    if !ready {
        imply("not-ready");
    }
    taints
}

/// Whether a Pod takes no notice of a taint.
pub fn tolerates(spec: &PodSpec, taint: &Taint) -> bool {
    spec.tolerations.iter().flatten().any(|toleration| {
        let Toleration { effect, key, operator, value, .. } = toleration;
        let exists = operator.as_deref() == Some("Exists");
        let same_effect = effect.as_deref().is_none_or(|effect| effect.is_empty() || effect == taint.effect);
        let same_key = match key.as_deref() {
            None | Some("") => exists,
            Some(key) => key == taint.key,
        };
        let same_value = exists || value.as_deref().unwrap_or("") == taint.value.as_deref().unwrap_or("");
        same_effect && same_key && same_value
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn allowed(term: &Value) -> bool {
        let node = json!({ "metadata": { "name": "a", "labels": { "zone": "east", "size": "8" } } });
        let affinity = json!({ "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [term] },
        } });
        let spec = serde_json::from_value(json!({ "containers": [], "affinity": affinity })).unwrap();
        allows_node(&spec, &serde_json::from_value(node).unwrap())
    }

    #[test]
    fn requirements_are_met_or_not() {
        let label = |key: &str, operator: &str, values: &[&str]| {
            let one = json!({ "key": key, "operator": operator, "values": values });
            allowed(&json!({ "matchExpressions": [one] }))
        };
        let cases = [
            (label("zone", "In", &["west", "east"]), true),
            (label("zone", "In", &["west"]), false),
            (label("zone", "NotIn", &["west"]), true),
            (label("none", "NotIn", &["west"]), true),
            (label("zone", "Exists", &[]), true),
            (label("zone", "DoesNotExist", &[]), false),
            (label("size", "Gt", &["4"]), true),
            (label("size", "Gt", &["8"]), false),
            (label("size", "Lt", &["16"]), true),
            (label("zone", "Lt", &["16"]), false),
            (allowed(&json!({})), false),
        ];
        for (number, (is, expected)) in cases.into_iter().enumerate() {
            assert_eq!(is, expected, "case {number}");
        }
        let name = |name: &str| json!([{ "key": "metadata.name", "operator": "In", "values": [name] }]);
        assert!(allowed(&json!({ "matchFields": name("a") })));
        assert!(!allowed(&json!({ "matchFields": name("b") })));
        let zone = json!([{ "key": "zone", "operator": "In", "values": ["west"] }]);
        assert!(!allowed(&json!({ "matchFields": name("a"), "matchExpressions": zone })));
    }
}
