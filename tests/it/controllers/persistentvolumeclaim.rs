//! Claims, and the volumes that are found or made for them.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use crate::workloads::{Cluster, container, patiently};

fn claim(name: &str, more: &Value) -> Value {
    let mut spec =
        json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } });
    json_patch::merge(&mut spec, more);
    json!({ "metadata": { "name": name }, "spec": spec })
}

fn pod(name: &str, claim: &str) -> Value {
    let volume = json!({ "name": "data", "persistentVolumeClaim": { "claimName": claim } });
    let spec = json!({ "containers": [container("1.0.0")], "volumes": [volume] });
    json!({ "metadata": { "name": name }, "spec": spec })
}

fn is_bound(object: &Value) -> bool {
    object["status"]["phase"] == "Bound"
}

async fn volume_gone(cluster: &Cluster, name: &str) {
    let volumes = Api::<PersistentVolume>::all(cluster.client.clone());
    let gone = |volume: Option<&PersistentVolume>| volume.is_none();
    Box::pin(patiently(kube::runtime::wait::await_condition(volumes, name, gone))).await.unwrap();
}

#[tokio::test]
async fn volume_is_made_for_the_first_who_needs_it_and_goes_with_its_claim() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<PersistentVolumeClaim>(claim("data", &json!({}))).await;
    let told = cluster.events("data", "WaitForFirstConsumer").await;
    let waits = "Normal WaitForFirstConsumer: waiting for first consumer to be created before binding";
    assert_eq!(told[0], waits);
    cluster.create::<Pod>(pod("web", "data")).await;
    let bound = cluster.until::<PersistentVolumeClaim>("data", is_bound).await;
    let name = format!("pvc-{}", bound.uid().unwrap());
    let spec = serde_json::to_value(&bound.spec).unwrap();
    let expected = json!({
        "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } },
        "storageClassName": "local-path", "volumeMode": "Filesystem", "volumeName": name,
    });
    assert_eq!(spec, expected);
    let status =
        json!({ "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "1Gi" } });
    assert_eq!(serde_json::to_value(&bound.status).unwrap(), status);
    assert_eq!(bound.annotations()["volume.kubernetes.io/selected-node"], "workshop-1");
    cluster.until::<Pod>("web", |pod| pod["status"]["phase"] == "Running").await;
    let told = cluster.events("data", "ProvisioningSucceeded").await;
    let tail = [
        r#"Normal Provisioning: External provisioner is provisioning volume for claim "app/data""#.to_owned(),
        format!("Normal ProvisioningSucceeded: Successfully provisioned volume {name}"),
    ];
    assert!(tail.iter().all(|line| told.contains(line)), "{told:?}");
    let volumes = Api::<PersistentVolume>::all(cluster.client.clone());
    let volume = serde_json::to_value(volumes.get(&name).await.unwrap()).unwrap();
    assert_eq!(volume["spec"]["claimRef"]["name"], "data");
    assert_eq!(volume["spec"]["persistentVolumeReclaimPolicy"], "Delete");

    // A claim in use stays until nobody uses it.
    cluster.api::<PersistentVolumeClaim>().delete("data", &DeleteParams::default()).await.unwrap();
    let kept = cluster.api::<PersistentVolumeClaim>().get("data").await.unwrap();
    assert_eq!(kept.finalizers(), ["kubernetes.io/pvc-protection"]);
    cluster.api::<Pod>().delete("web", &DeleteParams::default()).await.unwrap();
    cluster.until_gone::<PersistentVolumeClaim>("data").await;
    volume_gone(&cluster, &name).await;
    cluster.close().await;
}

#[tokio::test]
async fn volume_that_somebody_made_is_found_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let by_hand = json!({ "storageClassName": "" });
    cluster.create::<PersistentVolumeClaim>(claim("data", &by_hand)).await;
    let told = cluster.events("data", "FailedBinding").await;
    let none = "no persistent volumes available for this claim and no storage class is set";
    assert_eq!(told[0], format!("Normal FailedBinding: {none}"));
    cluster.create::<Pod>(pod("web", "data")).await;
    let waits = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. no new claims to \
                 deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    let told = cluster.events("web", "FailedScheduling").await;
    assert_eq!(told[0], format!("Warning FailedScheduling: {waits}"));
    let volumes = Api::<PersistentVolume>::all(cluster.client.clone());
    let volume = json!({
        "metadata": { "name": "disk" },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "5Gi" }, "hostPath": { "path": "/disk" },
        },
    });
    let volume = serde_json::from_value(volume).unwrap();
    volumes.create(&PostParams::default(), &volume).await.unwrap();
    let bound = cluster.until::<PersistentVolumeClaim>("data", is_bound).await;
    assert_eq!(bound.spec.unwrap().volume_name.as_deref(), Some("disk"));
    assert_eq!(bound.status.unwrap().capacity.unwrap()["storage"].0, "5Gi");
    cluster.until::<Pod>("web", |pod| pod["status"]["phase"] == "Running").await;
    cluster.api::<Pod>().delete("web", &DeleteParams::default()).await.unwrap();
    cluster.api::<PersistentVolumeClaim>().delete("data", &DeleteParams::default()).await.unwrap();
    cluster.until_gone::<PersistentVolumeClaim>("data").await;
    let released = |volume: Option<&PersistentVolume>| {
        volume.is_some_and(|volume| volume.status.as_ref().unwrap().phase.as_deref() == Some("Released"))
    };
    Box::pin(patiently(kube::runtime::wait::await_condition(volumes, "disk", released))).await.unwrap();
    cluster.close().await;
}

#[tokio::test]
async fn what_cannot_be_given_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Pod>(pod("web", "data")).await;
    let missing =
        r#"Warning FailedScheduling: 0/1 nodes are available: persistentvolumeclaim "data" not found."#;
    let told = cluster.events("web", "FailedScheduling").await;
    assert!(told[0].starts_with(missing), "{told:?}");
    cluster.create::<PersistentVolumeClaim>(claim("lost", &json!({ "storageClassName": "fast" }))).await;
    let told = cluster.events("lost", "ProvisioningFailed").await;
    let unknown = r#"Warning ProvisioningFailed: storageclass.storage.k8s.io "fast" not found"#;
    assert_eq!(told[0], unknown);
    cluster
        .create::<PersistentVolumeClaim>(claim("shared", &json!({ "accessModes": ["ReadWriteMany"] })))
        .await;
    cluster.create::<Pod>(pod("other", "shared")).await;
    let told = cluster.events("shared", "ProvisioningFailed").await;
    let only = r#"Warning ProvisioningFailed: failed to provision volume with StorageClass "local-path": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes"#;
    assert!(told.contains(&only.to_owned()), "{told:?}");
    cluster.close().await;
}
