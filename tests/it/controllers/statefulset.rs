//! Pods with names, made, changed and removed in order.

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::ResourceExt as _;
use kube::api::ListParams;
use serde_json::{Value, json};

use crate::workloads::{Cluster, POSTCARD, container};

fn set(replicas: i32) -> Value {
    let claim = json!({
        "metadata": { "name": "data" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    });
    let mut container = container("1.0.0");
    container["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    json!({
        "metadata": { "name": "db" },
        "spec": {
            "replicas": replicas, "serviceName": "db", "selector": { "matchLabels": { "app": "db" } },
            "template": { "metadata": { "labels": { "app": "db" } }, "spec": { "containers": [container] } },
            "volumeClaimTemplates": [claim],
        },
    })
}

fn is_rolled_out(set: &Value) -> bool {
    let (status, wanted) = (&set["status"], &set["spec"]["replicas"]);
    status["observedGeneration"] == set["metadata"]["generation"]
        && status["currentRevision"] == status["updateRevision"]
        && ["replicas", "readyReplicas", "updatedReplicas"].iter().all(|count| status[count] == *wanted)
}

async fn images(cluster: &Cluster) -> Vec<(String, String)> {
    let pods = cluster.pods("app=db").await.into_iter();
    let images = pods.map(|pod| (pod.name_any(), pod.spec.unwrap().containers[0].image.clone().unwrap()));
    let mut images = images.collect::<Vec<_>>();
    images.sort();
    images
}

#[tokio::test]
async fn pods_come_and_go_in_order_and_keep_their_claims() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<StatefulSet>(set(3)).await;
    let made = cluster.until::<StatefulSet>("db", is_rolled_out).await;
    let revision = made.status.as_ref().unwrap().update_revision.clone().unwrap();
    let expected = json!({
        "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "currentReplicas": 3,
        "updatedReplicas": 3, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0,
    });
    assert_eq!(serde_json::to_value(made.status).unwrap(), expected);
    let steps = |name: &str, after: &str| format!("Normal {after}: {name}");
    let told = cluster.events("db", "SuccessfulCreate").await;
    for pod in ["db-0", "db-1", "db-2"] {
        let claim = format!("create Claim data-{pod} Pod {pod} in StatefulSet db success");
        assert!(told.contains(&steps(&claim, "SuccessfulCreate")), "{told:?}");
        let text = format!("create Pod {pod} in StatefulSet db successful");
        assert!(told.contains(&steps(&text, "SuccessfulCreate")), "{told:?}");
    }
    let pod = cluster.api::<Pod>().get("db-1").await.unwrap();
    assert_eq!(pod.labels()["apps.kubernetes.io/pod-index"], "1");
    assert_eq!(pod.labels()["controller-revision-hash"], revision);

    // Only what is not below the partition is changed.
    let partition = json!({ "updateStrategy": { "rollingUpdate": { "partition": 2 } } });
    let template = json!({ "spec": { "containers": [container("1.0.1")] } });
    cluster.patch::<StatefulSet>("db", json!({ "spec": partition })).await;
    cluster.patch::<StatefulSet>("db", json!({ "spec": { "template": template } })).await;
    let updated = |set: &Value| set["status"]["updatedReplicas"] == 1 && set["status"]["readyReplicas"] == 3;
    cluster.until::<StatefulSet>("db", updated).await;
    let image = |tag: &str| format!("{POSTCARD}:{tag}");
    let tags = images(&cluster).await.into_iter().map(|(_, image)| image).collect::<Vec<_>>();
    assert_eq!(tags, [image("1.0.0"), image("1.0.0"), image("1.0.1")]);
    let partition = json!({ "updateStrategy": { "rollingUpdate": { "partition": 0 } } });
    cluster.patch::<StatefulSet>("db", json!({ "spec": partition })).await;
    cluster.until::<StatefulSet>("db", is_rolled_out).await;
    assert!(images(&cluster).await.iter().all(|(_, own)| *own == image("1.0.1")));
    assert_eq!(
        cluster.api::<ControllerRevision>().list(&ListParams::default()).await.unwrap().items.len(),
        2
    );

    cluster.patch::<StatefulSet>("db", json!({ "spec": { "replicas": 1 } })).await;
    cluster.until::<StatefulSet>("db", is_rolled_out).await;
    let names = images(&cluster).await.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names, ["db-0"]);
    let claims = cluster.api::<PersistentVolumeClaim>().list(&ListParams::default()).await.unwrap();
    assert_eq!(claims.items.len(), 3);
    cluster.close().await;
}
