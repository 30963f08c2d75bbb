//! A node takes no Pods before it is ready: the taint that says so.
//! <https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition>

use serde_json::{Value, json};

const NOT_READY: &str = "node.kubernetes.io/not-ready";

/// Puts the taint on a new node, unless it registers as ready.
pub(super) fn complete(node: &mut Value) {
    if is_ready(node) {
        return;
    }
    let Some(spec) = node.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let taints = spec.entry("taints").or_insert_with(|| json!([]));
    let Some(taints) = taints.as_array_mut() else { return };
    if !taints.iter().any(|taint| taint["key"] == NOT_READY && taint["effect"] == "NoSchedule") {
        taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
    }
}

/// Takes the taint off a node that has become ready.
pub(super) fn keep(old: &Value, node: &mut Value) {
    if is_ready(old) || !is_ready(node) {
        return;
    }
    let Some(spec) = node.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if let Some(taints) = spec.get_mut("taints").and_then(Value::as_array_mut) {
        taints.retain(|taint| taint["key"] != NOT_READY);
        if taints.is_empty() {
            spec.shift_remove("taints");
        }
    }
}

fn is_ready(node: &Value) -> bool {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True")
}
