//! Whether a node can take a Pod, in the scheduler's words when none can. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::objects::{allows_node, parse_quantity, taints, tolerates};

/// Milli-units of CPU, bytes of memory, number of Pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) cpu: i128,
    pub(super) memory: i128,
    pub(super) pods: i128,
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.pods += other.pods;
    }
}

/// What a Pod asks for: its containers' requests together, or the largest of its init containers if that is more.
pub(super) fn requested(pod: &Pod) -> Size {
    let mut size = Size { pods: 1, ..Size::default() };
    let Some(spec) = &pod.spec else { return size };
    let of = |container: &k8s_openapi::api::core::v1::Container| {
        container
            .resources
            .as_ref()
            .and_then(|resources| resources.requests.as_ref())
            .map(read)
            .unwrap_or_default()
    };
    for container in &spec.containers {
        size += of(container);
    }
    for container in spec.init_containers.iter().flatten() {
        let init = of(container);
        size.cpu = size.cpu.max(init.cpu);
        size.memory = size.memory.max(init.memory);
    }
    size
}

fn read(quantities: &BTreeMap<String, Quantity>) -> Size {
    let milli = |name: &str| {
        quantities.get(name).and_then(|quantity| parse_quantity(&quantity.0)).unwrap_or_default()
    };
    Size { cpu: milli("cpu"), memory: milli("memory") / 1000, pods: milli("pods") / 1000 }
}

/// Chooses the node with the fewest Pods among those that can take `pod`; the error is the scheduler's message.
pub(super) fn choose(
    pod: &Pod,
    nodes: &BTreeMap<String, Node>,
    used: &BTreeMap<String, Size>,
) -> Result<String, String> {
    let mut reasons = BTreeMap::<String, usize>::new();
    let mut fitting = Vec::new();
    for (name, node) in nodes {
        let taken = used.get(name).copied().unwrap_or_default();
        let against = objections(pod, node, taken);
        if against.is_empty() {
            fitting.push((taken.pods, name));
        }
        for reason in against {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    if let Some((_, name)) = fitting.into_iter().min() {
        return Ok(name.clone());
    }
    let total = nodes.len();
    if total == 0 {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let mut reasons =
        reasons.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>();
    reasons.sort();
    Err(unavailable(total, &reasons.join(", ")))
}

/// The message when no node can take a Pod.
pub(super) fn unavailable(total: usize, reasons: &str) -> String {
    format!(
        "0/{total} nodes are available: {reasons}. no new claims to deallocate, preemption: 0/{total} nodes are available: \
         {total} Preemption is not helpful for scheduling."
    )
}

fn objections(pod: &Pod, node: &Node, used: Size) -> Vec<String> {
    let spec = pod.spec.clone().unwrap_or_default();
    if let Some(taint) = taints(node).into_iter().find(|taint| !tolerates(&spec, taint)) {
        return vec![format!(
            "node(s) had untolerated taint {{{}: {}}}",
            taint.key,
            taint.value.unwrap_or_default()
        )];
    }
    if !allows_node(&spec, node) {
        return vec!["node(s) didn't match Pod's node affinity/selector".to_owned()];
    }
    let room =
        node.status.as_ref().and_then(|status| status.allocatable.as_ref()).map(read).unwrap_or_default();
    let asked = requested(pod);
    [
        (used.pods + asked.pods > room.pods, "Too many pods"),
        (asked.cpu > 0 && used.cpu + asked.cpu > room.cpu, "Insufficient cpu"),
        (asked.memory > 0 && used.memory + asked.memory > room.memory, "Insufficient memory"),
    ]
    .into_iter()
    .filter(|(lacking, _)| *lacking)
    .map(|(_, words)| words.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(spec: &Value) -> Pod {
        serde_json::from_value(json!({ "metadata": { "name": "p" }, "spec": spec })).unwrap()
    }

    fn node(name: &str, spec: &Value) -> (String, Node) {
        let node = json!({
            "metadata": { "name": name, "labels": { "kubernetes.io/hostname": name } },
            "spec": spec,
            "status": {
                "allocatable": { "cpu": "2", "memory": "1Gi", "pods": "110" },
                "conditions": [{ "type": "Ready", "status": "True" }],
            },
        });
        (name.to_owned(), serde_json::from_value(node).unwrap())
    }

    fn asking(memory: &str) -> Pod {
        pod(&json!({ "containers": [{ "name": "c", "resources": { "requests": { "memory": memory } } }] }))
    }

    #[test]
    fn emptier_node_is_taken() {
        let nodes = BTreeMap::from([node("a", &json!({})), node("b", &json!({}))]);
        let used = BTreeMap::from([("a".to_owned(), Size { pods: 1, ..Size::default() })]);
        assert_eq!(choose(&asking("16Mi"), &nodes, &used).unwrap(), "b");
    }

    #[test]
    fn refusals_have_the_words_of_the_scheduler() {
        let used = BTreeMap::new();
        let one = BTreeMap::from([node("a", &json!({}))]);
        assert_eq!(
            choose(&asking("900Gi"), &one, &used).unwrap_err(),
            "0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are \
             available: 1 Preemption is not helpful for scheduling."
        );
        let cordoned = BTreeMap::from([node("a", &json!({ "unschedulable": true }))]);
        assert_eq!(
            choose(&asking("1"), &cordoned, &used).unwrap_err(),
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }. no new \
             claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        );
        let elsewhere = pod(&json!({ "containers": [], "nodeSelector": { "kubernetes.io/hostname": "b" } }));
        assert_eq!(
            choose(&elsewhere, &one, &used).unwrap_err(),
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to \
             deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
        );
    }

    #[test]
    fn toleration_lets_a_pod_onto_a_cordoned_node() {
        let cordoned = BTreeMap::from([node("a", &json!({ "unschedulable": true }))]);
        let tolerant = pod(&json!({ "containers": [], "tolerations": [{ "operator": "Exists" }] }));
        assert_eq!(choose(&tolerant, &cordoned, &BTreeMap::new()).unwrap(), "a");
    }
}
