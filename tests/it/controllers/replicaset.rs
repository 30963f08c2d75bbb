//! So many Pods, no more and no fewer.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};
use serde_json::json;

use crate::workloads::{Cluster, container, deployment, is_rolled_out};

#[tokio::test]
async fn deleted_pod_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Deployment>(deployment(2, "1.0.0", &json!({}))).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let set =
        cluster.api::<ReplicaSet>().list(&ListParams::default()).await.unwrap().items.remove(0).name_any();
    let victim = cluster.pods("app=web").await[0].name_any();
    cluster.api::<Pod>().delete(&victim, &DeleteParams::default()).await.unwrap();
    cluster.until_gone::<Pod>(&victim).await;
    cluster.until::<Deployment>("web", is_rolled_out).await;
    let pods = cluster.pods("app=web").await;
    assert_eq!(pods.len(), 2);
    assert!(pods.iter().all(|pod| pod.name_any() != victim));
    assert!(
        cluster
            .events(&victim, "Killing")
            .await
            .contains(&"Normal Killing: Stopping container web".to_owned())
    );
    let events = cluster.events(&set, "SuccessfulCreate").await;
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events.contains(&format!("Normal SuccessfulCreate: Created pod: {victim}")), "{events:?}");
}

#[tokio::test]
async fn pod_of_nobody_is_adopted_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let labels = json!({ "app": "adopted" });
    let orphan = json!({
        "metadata": { "name": "orphan", "labels": labels }, "spec": { "containers": [container("1.0.0")] },
    });
    cluster.create::<Pod>(orphan).await;
    let set = json!({
        "metadata": { "name": "family" },
        "spec": {
            "replicas": 2, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": [container("1.0.0")] } },
        },
    });
    cluster.create::<ReplicaSet>(set).await;
    let set = cluster.until::<ReplicaSet>("family", |set| set["status"]["availableReplicas"] == 2).await;
    let expected = json!({
        "replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 1,
    });
    assert_eq!(serde_json::to_value(set.status).unwrap(), expected);
    let pods = cluster.pods("app=adopted").await;
    let mut owners =
        pods.iter().map(|pod| (pod.name_any() == "orphan", pod.owner_references()[0].name.clone()));
    assert!(pods.len() == 2 && owners.clone().any(|(orphan, _)| orphan));
    assert!(owners.all(|(_, owner)| owner == "family"));
}
