//! A Pod of a `ReplicaSet`, and which ones are dispensable. Pure.

use std::cmp::Reverse;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt as _;

use super::super::workloads::{owner, ready_since};

/// A new Pod of the template; the API server completes its name.
pub(super) fn new_pod(set: &ReplicaSet) -> Pod {
    let template = set.spec.as_ref().and_then(|spec| spec.template.clone()).unwrap_or_default();
    let given = template.metadata.unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", set.name_any())),
            namespace: set.namespace(),
            labels: given.labels,
            annotations: given.annotations,
            finalizers: given.finalizers,
            owner_references: owner(set).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

/// Orders Pods by how little they are missed: those without a node, not running, not ready, cheap to delete, ready for
/// a shorter time, restarted more often and newer ones first.
pub(super) fn dispensable_first(pods: &mut [Pod]) {
    pods.sort_by_cached_key(|pod| {
        let status = pod.status.as_ref();
        let phase = match status.and_then(|status| status.phase.as_deref()) {
            Some("Running") => 2,
            Some("Unknown") => 1,
            _ => 0,
        };
        let cost = pod.annotations().get("controller.kubernetes.io/pod-deletion-cost");
        let restarts = status.and_then(|status| status.container_statuses.as_ref());
        let restarts = restarts.into_iter().flatten().map(|container| container.restart_count).max();
        let since = ready_since(pod);
        (
            pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()),
            phase,
            since.is_some(),
            cost.and_then(|cost| cost.parse::<i32>().ok()).unwrap_or_default(),
            Reverse(since),
            Reverse(restarts.unwrap_or_default()),
            Reverse(pod.creation_timestamp().map(|time| time.0)),
        )
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, node: Option<&str>, ready: Option<&str>, created: &str, restarts: i32) -> Pod {
        let conditions =
            ready.map(|since| json!([{ "type": "Ready", "status": "True", "lastTransitionTime": since }]));
        serde_json::from_value(json!({
            "metadata": { "name": name, "creationTimestamp": created },
            "spec": { "containers": [], "nodeName": node },
            "status": {
                "phase": if node.is_some() { "Running" } else { "Pending" },
                "conditions": conditions.unwrap_or(Value::Null),
                "containerStatuses": [{ "name": "c", "image": "", "imageID": "", "ready": true, "restartCount": restarts }],
            },
        }))
        .unwrap()
    }

    #[test]
    fn unready_and_new_pods_go_first() {
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
        let mut pods = [
            pod("old", Some("n"), Some(early), early, 0),
            pod("new", Some("n"), Some(early), late, 0),
            pod("restarted", Some("n"), Some(early), early, 3),
            pod("lately-ready", Some("n"), Some(late), early, 0),
            pod("unready", Some("n"), None, early, 0),
            pod("unassigned", None, None, early, 0),
        ];
        dispensable_first(&mut pods);
        let names = pods.map(|pod| pod.name_any());
        assert_eq!(names, ["unassigned", "unready", "lately-ready", "restarted", "new", "old"]);
    }
}
