//! What a node tells about itself.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};

use crate::workloads::{Cluster, patiently};

#[tokio::test]
async fn node_is_ready_and_says_that_it_is_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let nodes = Api::<Node>::all(cluster.client.clone());
    let has_status =
        |node: Option<&Node>| node.and_then(|node| node.status.as_ref()?.addresses.as_ref()).is_some();
    let node = patiently(await_condition(nodes, "workshop-1", has_status)).await.unwrap().unwrap();
    let node = serde_json::to_value(node).unwrap();
    let status = &node["status"];
    let conditions = status["conditions"].as_array().unwrap().iter();
    let told = conditions.map(|it| json!([it["type"], it["status"], it["reason"], it["message"]]));
    let expected = json!([
        ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
        ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
        ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
        ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
    ]);
    assert_eq!(Value::Array(told.collect()), expected);
    assert_eq!(status["daemonEndpoints"], json!({ "kubeletEndpoint": { "Port": cluster.kubelet } }));
    assert_eq!(status["nodeInfo"]["containerRuntimeVersion"], "simulated://1");
    assert_eq!(node["spec"]["podCIDR"], "10.42.0.0/24");
    let leases = Api::<Lease>::namespaced(cluster.client.clone(), "kube-node-lease");
    let held =
        |lease: Option<&Lease>| lease.is_some_and(|lease| lease.spec.as_ref().unwrap().renew_time.is_some());
    patiently(await_condition(leases, "workshop-1", held)).await.unwrap();
}
