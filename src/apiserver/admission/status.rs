//! The status that a new object has, whatever its maker wrote.

use serde_json::{Value, json};

use crate::apiserver::types::Kind;

/// Gives `object` the status of something that nobody has looked after yet.
pub(crate) fn reset_status(kind: &Kind, object: &mut Value) {
    // A kubelet registers its node with everything that it knows.
    if !kind.has_status || (kind.group.is_empty() && kind.plural == "nodes") {
        return;
    }
    let initial = match (kind.group.as_str(), kind.plural.as_str()) {
        _ if kind.is_custom() => None,
        ("", "namespaces") => Some(json!({"phase": "Active"})),
        ("", "pods" | "persistentvolumes" | "persistentvolumeclaims") => Some(json!({"phase": "Pending"})),
        ("", "services") | ("networking.k8s.io", "ingresses") => Some(json!({"loadBalancer": {}})),
        ("apps", "replicasets") | ("", "replicationcontrollers") => Some(json!({"replicas": 0})),
        ("apps", "statefulsets") => Some(json!({"replicas": 0, "availableReplicas": 0})),
        ("apps", "daemonsets") => Some(json!({
            "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0
        })),
        ("policy", _) => Some(json!({
            "disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0
        })),
        ("autoscaling", _) => Some(json!({"currentMetrics": null, "desiredReplicas": 0})),
        _ => Some(json!({})),
    };
    let Some(fields) = object.as_object_mut() else { return };
    match initial {
        Some(status) => fields.insert("status".to_owned(), status),
        None => fields.shift_remove("status"),
    };
}
