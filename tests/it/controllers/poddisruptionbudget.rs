//! Evictions are asked for, and a budget says how many there may be; `kubectl drain` waits for it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt as _;
use kube::api::EvictParams;
use serde_json::json;

use super::kubectl::{kubectl, start, told};
use crate::workloads::{Cluster, container, deployment, is_rolled_out};

#[tokio::test]
async fn evictions_beyond_the_budget_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let budget = json!({
        "metadata": { "name": "web" },
        "spec": { "minAvailable": 2, "selector": { "matchLabels": { "app": "web" } } },
    });
    cluster.create::<PodDisruptionBudget>(budget).await;
    let budget =
        cluster.until::<PodDisruptionBudget>("web", |budget| budget["status"]["currentHealthy"] == 2).await;
    let mut status = serde_json::to_value(budget.status).unwrap();
    status["conditions"][0]["lastTransitionTime"].take();
    let condition = json!({
        "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "",
        "lastTransitionTime": null, "observedGeneration": 1,
    });
    let expected = json!({
        "conditions": [condition], "currentHealthy": 2, "desiredHealthy": 2, "disruptionsAllowed": 0,
        "expectedPods": 2, "observedGeneration": 1,
    });
    assert_eq!(status, expected);
    let pod = cluster.pods("app=web").await[0].name_any();
    let refused = cluster.api::<Pod>().evict(&pod, &EvictParams::default()).await.unwrap_err();
    let kube::Error::Api(refused) = refused else { panic!("{refused}") };
    let words = "Cannot evict pod as it would violate the pod's disruption budget.";
    assert_eq!(
        (refused.code, refused.reason.as_str(), refused.message.as_str()),
        (429, "TooManyRequests", words)
    );
    let cause = &refused.details.as_ref().unwrap().causes[0];
    assert_eq!(cause.message, "The disruption budget web needs 2 healthy pods and has 2 currently");

    cluster.patch::<PodDisruptionBudget>("web", json!({ "spec": { "minAvailable": 1 } })).await;
    let allowed = |budget: &serde_json::Value| budget["status"]["disruptionsAllowed"] == 1;
    cluster.until::<PodDisruptionBudget>("web", allowed).await;
    cluster.api::<Pod>().evict(&pod, &EvictParams::default()).await.unwrap();
    cluster.until_gone::<Pod>(&pod).await;
    cluster.close().await;
}

#[tokio::test]
async fn nodes_are_drained_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some((cluster, stop)) = start(folder).await else { return };
    let pod = json!({ "metadata": { "name": "crash" }, "spec": { "containers": [container("1.0.0")] } });
    cluster.create::<Pod>(pod).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let (code, output) = kubectl(folder, "drain workshop-1 --ignore-daemonsets --timeout 5s").await;
    assert_eq!(code, 1);
    let refused = "cannot delete Pods that declare no controller (use --force to override): app/crash";
    assert!(output.starts_with("node/workshop-1 cordoned\n") && output.contains(refused), "{output}");
    let drained = told(folder, "drain workshop-1 --ignore-daemonsets --force --timeout 30s").await;
    assert!(drained.contains("node/workshop-1 drained\n"), "{drained}");
    assert_eq!(told(folder, "uncordon workshop-1").await, "node/workshop-1 uncordoned\n");
    cluster.until::<Deployment>("web", is_rolled_out).await;
    stop.cancel();
    cluster.close().await;
}

#[tokio::test]
async fn pod_that_stops_matching_is_let_go_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let pod = cluster.pods("app=web").await[0].name_any();
    cluster.patch::<Pod>(&pod, json!({ "metadata": { "labels": { "app": "looked-at" } } })).await;
    let released = |pod: &serde_json::Value| pod["metadata"].get("ownerReferences").is_none();
    cluster.until::<Pod>(&pod, released).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    assert_eq!(cluster.pods("app=web").await.len(), 2);
    cluster.close().await;
}
