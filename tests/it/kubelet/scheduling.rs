//! Pods find a node, or are told why not.

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::workloads::Cluster;

#[tokio::test]
async fn pod_waits_until_its_node_takes_pods_again() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let nodes = Api::<Node>::all(cluster.client.clone());
    let ready = |node: Option<&Node>| {
        node.and_then(|node| node.status.as_ref()).is_some_and(|status| status.conditions.is_some())
    };
    let registered = kube::runtime::wait::await_condition(nodes.clone(), "workshop-1", ready);
    crate::workloads::patiently(registered).await.unwrap();
    let cordon = |value: bool| Patch::Merge(json!({ "spec": { "unschedulable": value } }));
    nodes.patch("workshop-1", &PatchParams::default(), &cordon(true)).await.unwrap();
    let pod = json!({
        "metadata": { "name": "idle" },
        "spec": { "containers": [{ "name": "idle", "image": "registry.k8s.io/pause:3.10" }] },
    });
    cluster.create::<Pod>(pod).await;
    let refused = |pod: &Value| pod["status"]["conditions"][0]["reason"] == "Unschedulable";
    let pod = cluster.until::<Pod>("idle", refused).await;
    let message = "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }. no \
                   new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for \
                   scheduling.";
    assert_eq!(pod.status.unwrap().conditions.unwrap()[0].message.as_deref(), Some(message));
    nodes.patch("workshop-1", &PatchParams::default(), &cordon(false)).await.unwrap();
    cluster.until::<Pod>("idle", |pod| pod["status"]["phase"] == "Running").await;
    let events = cluster.events("idle", "Scheduled").await;
    assert_eq!(events[0], format!("Warning FailedScheduling: {message}"));
    assert_eq!(events[1], "Normal Scheduled: Successfully assigned app/idle to workshop-1");
}
