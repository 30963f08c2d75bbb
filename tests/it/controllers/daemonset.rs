//! A Pod on every node that may have one, replaced node by node.

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use super::kubectl::{start, told};
use crate::workloads::{Cluster, POSTCARD, container};

fn set(more: &Value) -> Value {
    let mut object = json!({
        "metadata": { "name": "agent" },
        "spec": {
            "selector": { "matchLabels": { "app": "agent" } },
            "template": { "metadata": { "labels": { "app": "agent" } }, "spec": { "containers": [container("1.0.0")] } },
        },
    });
    json_patch::merge(&mut object["spec"], more);
    object
}

fn template(tag: &str) -> Value {
    json!({ "spec": { "template": { "spec": { "containers": [container(tag)] } } } })
}

fn is_rolled_out(set: &Value) -> bool {
    let status = &set["status"];
    status["observedGeneration"] == set["metadata"]["generation"]
        && ["numberReady", "numberAvailable", "updatedNumberScheduled"]
            .iter()
            .all(|count| status[count] == status["desiredNumberScheduled"])
        && status["desiredNumberScheduled"] != 0
}

async fn taint(cluster: &Cluster, taints: Value) {
    let nodes = Api::<Node>::all(cluster.client.clone());
    let patch = Patch::Merge(json!({ "spec": { "taints": taints } }));
    nodes.patch("workshop-1", &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test]
async fn every_node_gets_a_pod_and_a_new_template_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<DaemonSet>(set(&json!({}))).await;
    let made = cluster.until::<DaemonSet>("agent", is_rolled_out).await;
    let expected = json!({
        "currentNumberScheduled": 1, "numberMisscheduled": 0, "desiredNumberScheduled": 1, "numberReady": 1,
        "observedGeneration": 1, "updatedNumberScheduled": 1, "numberAvailable": 1,
    });
    assert_eq!(serde_json::to_value(made.status).unwrap(), expected);
    let first = cluster.pods("app=agent").await.remove(0);
    assert_eq!(first.labels()["pod-template-generation"], "1");
    assert_eq!(
        cluster.events("agent", "SuccessfulCreate").await,
        [format!("Normal SuccessfulCreate: Created pod: {}", first.name_any())]
    );

    cluster.patch::<DaemonSet>("agent", template("1.0.1")).await;
    cluster.until::<DaemonSet>("agent", is_rolled_out).await;
    let second = cluster.pods("app=agent").await.remove(0);
    assert_eq!(second.spec.as_ref().unwrap().containers[0].image, Some(format!("{POSTCARD}:1.0.1")));
    assert_eq!(second.labels()["pod-template-generation"], "2");
    let told = cluster.events("agent", "SuccessfulDelete").await;
    let expected = [
        format!("Normal SuccessfulCreate: Created pod: {}", first.name_any()),
        format!("Normal SuccessfulDelete: Deleted pod: {}", first.name_any()),
    ];
    assert_eq!(told[..2], expected);
    let revisions = cluster.api::<ControllerRevision>().list(&ListParams::default()).await.unwrap().items;
    let mut seen = revisions.iter().map(|it| (it.revision, it.labels()["controller-revision-hash"].clone()));
    let mut hashes =
        [&first, &second].map(|pod| pod.labels()["controller-revision-hash"].clone()).into_iter();
    assert!(seen.any(|(number, hash)| number == 1 && Some(hash) == hashes.next()), "{revisions:?}");

    // Who only replaces Pods when they are deleted waits for that.
    let strategy = json!({ "type": "OnDelete", "rollingUpdate": null });
    cluster.patch::<DaemonSet>("agent", json!({ "spec": { "updateStrategy": strategy } })).await;
    let changed = cluster.patch::<DaemonSet>("agent", template("1.0.0")).await;
    let seen = |set: &Value| set["status"]["observedGeneration"] == json!(changed.metadata.generation);
    let waiting = cluster.until::<DaemonSet>("agent", seen).await.status.unwrap();
    assert_eq!((waiting.number_ready, waiting.updated_number_scheduled), (1, None));
    cluster.api::<Pod>().delete(&second.name_any(), &DeleteParams::default()).await.unwrap();
    cluster.until::<DaemonSet>("agent", is_rolled_out).await;
    cluster.close().await;
}

#[tokio::test]
async fn taints_keep_pods_away() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    taint(&cluster, json!([{ "key": "gpu", "effect": "NoSchedule" }])).await;
    cluster.create::<DaemonSet>(set(&json!({}))).await;
    let none = |set: &Value| set["status"]["observedGeneration"] == 1;
    let away = cluster.until::<DaemonSet>("agent", none).await;
    assert_eq!(away.status.unwrap().desired_number_scheduled, 0);
    taint(&cluster, json!([])).await;
    cluster.until::<DaemonSet>("agent", is_rolled_out).await;
    taint(&cluster, json!([{ "key": "gpu", "effect": "NoSchedule" }])).await;
    cluster.until::<DaemonSet>("agent", |set| set["status"]["numberMisscheduled"] == 1).await;
    taint(&cluster, json!([{ "key": "gpu", "effect": "NoExecute" }])).await;
    let pod = cluster.pods("app=agent").await;
    for pod in pod {
        cluster.until_gone::<Pod>(&pod.name_any()).await;
    }
    cluster.until::<DaemonSet>("agent", |set| set["status"]["numberMisscheduled"] == 0).await;
    cluster.close().await;
}

#[tokio::test]
async fn kubectl_follows_and_undoes_a_rollout() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some((cluster, stop)) = start(folder).await else { return };
    cluster.create::<DaemonSet>(set(&json!({}))).await;
    let done = "daemon set \"agent\" successfully rolled out\n";
    let status = told(folder, "rollout status ds agent --timeout 30s").await;
    assert!(status.ends_with(done), "{status}");
    told(folder, &format!("set image ds/agent web={POSTCARD}:1.0.1")).await;
    let status = told(folder, "rollout status ds agent --timeout 30s").await;
    assert!(status.ends_with(done), "{status}");
    let history = told(folder, "rollout history ds agent").await;
    let expected = "daemonset.apps/agent \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n";
    assert_eq!(history, expected);
    assert_eq!(told(folder, "rollout undo ds agent").await, "daemonset.apps/agent rolled back\n");
    let status = told(folder, "rollout status ds agent --timeout 30s").await;
    assert!(status.ends_with(done), "{status}");
    let pod = cluster.pods("app=agent").await.remove(0);
    assert_eq!(pod.spec.unwrap().containers[0].image, Some(format!("{POSTCARD}:1.0.0")));
    let drained = told(folder, "drain workshop-1 --ignore-daemonsets --delete-emptydir-data").await;
    assert!(drained.contains("Warning: ignoring DaemonSet-managed Pods: app/agent-"), "{drained}");
    stop.cancel();
    cluster.close().await;
}
