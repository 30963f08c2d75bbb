//! A Pod for a node, and whether a node may have one. Pure.

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, PodTemplateSpec, Toleration,
};
use kube::ResourceExt as _;

use super::super::workloads::new_pod;
use crate::objects::{allows_node, taints, tolerates};

/// Which revision a Pod is of.
pub(super) const REVISION: &str = "controller-revision-hash";

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// What a Pod of a set puts up with from its node, with the effect of each taint.
const TOLERATED: [(&str, &str); 6] = [
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
];

/// Whether a node is to have a Pod of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is.
    Wanted,
    /// It is not, but one that is there may stay.
    Tolerated,
    /// It may have none.
    Forbidden,
}

/// What a node is for the Pods of a set.
pub(super) fn place(set: &DaemonSet, node: &Node) -> Place {
    let mut spec = set.spec.as_ref().and_then(|spec| spec.template.spec.clone()).unwrap_or_default();
    let elsewhere = spec.node_name.as_ref().is_some_and(|name| !name.is_empty() && *name != node.name_any());
    if elsewhere || !allows_node(&spec, node) {
        return Place::Forbidden;
    }
    add_tolerations(&mut spec);
    let mut place = Place::Wanted;
    for taint in taints(node).iter().filter(|taint| !tolerates(&spec, taint)) {
        if taint.effect == "NoExecute" {
            return Place::Forbidden;
        }
        place = Place::Tolerated;
    }
    place
}

/// The Pod for a node; the scheduler finds no other for it.
pub(super) fn pod(set: &DaemonSet, template: &PodTemplateSpec, revision: &str, node: &str) -> Pod {
    let mut pod = new_pod(set, template);
    pod.metadata.generate_name = Some(format!("{}-", set.name_any()));
    let labels = pod.labels_mut();
    labels.insert(REVISION.to_owned(), revision.to_owned());
    if let Some(generation) = set.annotations().get(TEMPLATE_GENERATION) {
        labels.insert("pod-template-generation".to_owned(), generation.clone());
    }
    let spec = pod.spec.get_or_insert_default();
    add_tolerations(spec);
    pin(spec, node);
    pod
}

fn add_tolerations(spec: &mut PodSpec) {
    let on_host = (spec.host_network == Some(true)).then_some(("network-unavailable", "NoSchedule"));
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED.into_iter().chain(on_host) {
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{key}")),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    }
}

/// Replaces the template's own terms: that the node meets them was looked at before.
fn pin(spec: &mut PodSpec, node: &str) {
    let name = NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    };
    let term = NodeSelectorTerm { match_fields: Some(vec![name]), ..NodeSelectorTerm::default() };
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    affinity.required_during_scheduling_ignored_during_execution =
        Some(NodeSelector { node_selector_terms: vec![term] });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(pod: &Value) -> DaemonSet {
        serde_json::from_value(json!({
            "metadata": { "name": "agent", "annotations": { TEMPLATE_GENERATION: "2" } },
            "spec": { "selector": {}, "template": { "metadata": { "labels": { "app": "agent" } }, "spec": pod } },
        }))
        .unwrap()
    }

    fn on(pod: &Value, spec: &Value) -> Place {
        let labels = json!({ "disk": "ssd" });
        let ready = json!([{ "type": "Ready", "status": "True" }]);
        let node = json!({
            "metadata": { "name": "a", "labels": labels }, "spec": spec, "status": { "conditions": ready },
        });
        place(&set(pod), &serde_json::from_value(node).unwrap())
    }

    #[test]
    fn nodes_are_chosen_by_selector_and_taints() {
        let taint = |effect: &str| json!({ "taints": [{ "key": "gpu", "value": "yes", "effect": effect }] });
        let tolerant = json!({ "containers": [], "tolerations": [{ "key": "gpu", "operator": "Exists" }] });
        let plain = json!({ "containers": [] });
        let selecting = |disk: &str| json!({ "containers": [], "nodeSelector": { "disk": disk } });
        let cases = [
            (on(&plain, &json!({})), Place::Wanted),
            (on(&plain, &json!({ "unschedulable": true })), Place::Wanted),
            (on(&plain, &taint("NoSchedule")), Place::Tolerated),
            (on(&plain, &taint("NoExecute")), Place::Forbidden),
            (on(&plain, &taint("PreferNoSchedule")), Place::Wanted),
            (on(&tolerant, &taint("NoExecute")), Place::Wanted),
            (on(&selecting("ssd"), &json!({})), Place::Wanted),
            (on(&selecting("tape"), &json!({})), Place::Forbidden),
            (on(&json!({ "containers": [], "nodeName": "b" }), &json!({})), Place::Forbidden),
        ];
        for (number, (is, expected)) in cases.into_iter().enumerate() {
            assert_eq!(is, expected, "case {number}");
        }
    }

    #[test]
    fn pod_is_pinned_to_its_node() {
        let set = set(&json!({ "containers": [], "hostNetwork": true }));
        let template = set.spec.clone().unwrap().template;
        let made = serde_json::to_value(pod(&set, &template, "x1", "a")).unwrap();
        let labels = json!({ "app": "agent", REVISION: "x1", "pod-template-generation": "2" });
        assert_eq!(made["metadata"]["labels"], labels);
        let name = json!([{ "key": "metadata.name", "operator": "In", "values": ["a"] }]);
        let required = json!({ "nodeSelectorTerms": [{ "matchFields": name }] });
        let pinned = json!({ "requiredDuringSchedulingIgnoredDuringExecution": required });
        assert_eq!(made["spec"]["affinity"], json!({ "nodeAffinity": pinned }));
        let keys = made["spec"]["tolerations"].as_array().unwrap().iter().map(|one| &one["key"]);
        let keys = keys.map(|key| key.as_str().unwrap().trim_start_matches("node.kubernetes.io/"));
        let expected = TOLERATED.iter().map(|(key, _)| *key).chain(["network-unavailable"]);
        assert_eq!(keys.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}
