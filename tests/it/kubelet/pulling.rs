//! Images, and configuration that a container needs to start.

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use serde_json::{Value, json};

use crate::workloads::{Cluster, POSTCARD, container};

fn pod(name: &str, container: &Value) -> Value {
    json!({ "metadata": { "name": name }, "spec": { "containers": [container] } })
}

fn waits_for(reason: &'static str) -> impl Fn(&Value) -> bool {
    move |pod| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

#[tokio::test]
async fn image_of_the_catalogue_is_pulled_once() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let idle = json!({ "name": "idle", "image": "registry.k8s.io/pause:3.10" });
    for name in ["first", "second"] {
        cluster.create::<Pod>(pod(name, &idle)).await;
        cluster.until::<Pod>(name, is_ready).await;
    }
    let first = cluster.events("first", "Started").await;
    assert_eq!(first[0], "Normal Scheduled: Successfully assigned app/first to workshop-1");
    assert_eq!(first[1], r#"Normal Pulling: Pulling image "registry.k8s.io/pause:3.10""#);
    let pulled = r#"Normal Pulled: Successfully pulled image "registry.k8s.io/pause:3.10" in "#;
    assert!(first[2].starts_with(pulled) && first[2].ends_with("ms including waiting)."), "{first:?}");
    assert_eq!(
        first[3..],
        ["Normal Created: Created container: idle", "Normal Started: Started container idle"]
    );
    let second = cluster.events("second", "Started").await;
    let present = r#"Normal Pulled: Container image "registry.k8s.io/pause:3.10" already present on machine"#;
    assert_eq!(second[1], present);
}

#[tokio::test]
async fn tag_that_does_not_exist_is_backed_off_from() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Pod>(pod("wrong", &container("9.9.9"))).await;
    let pod = cluster.until::<Pod>("wrong", waits_for("ImagePullBackOff")).await;
    let image = format!("{POSTCARD}:9.9.9");
    let words = format!(
        r#"rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found"#
    );
    let status = serde_json::to_value(pod.status.unwrap()).unwrap();
    let expected = json!([{
        "name": "web", "image": image, "imageID": "", "ready": false, "restartCount": 0, "started": false,
        "lastState": {},
        "state": { "waiting": {
            "reason": "ImagePullBackOff",
            "message": format!(r#"Back-off pulling image "{image}": ErrImagePull: {words}"#),
        } },
        "volumeMounts": status["containerStatuses"][0]["volumeMounts"],
    }]);
    assert_eq!(status["containerStatuses"], expected);
    assert_eq!(status["phase"], "Pending");
    let events = cluster.events("wrong", "BackOff").await;
    let expected = [
        "Normal Scheduled: Successfully assigned app/wrong to workshop-1".to_owned(),
        format!(r#"Normal Pulling: Pulling image "{image}""#),
        format!(r#"Warning Failed: Failed to pull image "{image}": {words}"#),
        "Warning Failed: Error: ErrImagePull".to_owned(),
        format!(r#"Normal BackOff: Back-off pulling image "{image}""#),
    ];
    assert_eq!(events[..5], expected);
    let logs = cluster.get("/api/v1/namespaces/app/pods/wrong/log").await.unwrap_err().to_string();
    let refusal = r#"container "web" in pod "wrong" is waiting to start: trying and failing to pull image"#;
    assert!(logs.contains(refusal), "{logs}");
}

#[tokio::test]
async fn container_starts_as_soon_as_its_configuration_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let mut web = container("1.0.0");
    web["envFrom"] = json!([{ "configMapRef": { "name": "postcard" } }]);
    web["env"] = json!([
        { "name": "WHERE", "valueFrom": { "fieldRef": { "fieldPath": "metadata.namespace" } } },
        { "name": "POSTCARD_MESSAGE",
          "valueFrom": { "configMapKeyRef": { "name": "postcard", "key": "message" } } },
        { "name": "POSTCARD_ENVIRONMENT", "value": "$(WHERE)-$(STAGE)" },
    ]);
    cluster.create::<Pod>(pod("web", &web)).await;
    let waiting = cluster.until::<Pod>("web", waits_for("CreateContainerConfigError")).await;
    let message = |pod: Pod| {
        let status = pod.status.unwrap().container_statuses.unwrap().remove(0);
        status.state.unwrap().waiting.unwrap().message.unwrap()
    };
    assert_eq!(message(waiting), r#"configmap "postcard" not found"#);
    cluster
        .create::<ConfigMap>(json!({ "metadata": { "name": "postcard" }, "data": { "STAGE": "test" } }))
        .await;
    let key = |pod: &Value| {
        let message = &pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"];
        *message == "couldn't find key message in ConfigMap app/postcard"
    };
    cluster.until::<Pod>("web", key).await;
    cluster.patch::<ConfigMap>("postcard", json!({ "data": { "message": "Hello" } })).await;
    cluster.until::<Pod>("web", is_ready).await;
    let answer = cluster.get("/api/v1/namespaces/app/pods/web:8080/proxy/api").await.unwrap();
    assert_eq!(answer, r#"{"version":"1.0.0","environment":"app-test","message":"Hello"}"#);
}

#[tokio::test]
async fn volume_of_a_missing_object_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let mut object = pod("web", &container("1.0.0"));
    object["spec"]["volumes"] = json!([{ "name": "c", "configMap": { "name": "web" } }]);
    cluster.create::<Pod>(object).await;
    let events = cluster.events("web", "FailedMount").await;
    let expected =
        r#"Warning FailedMount: MountVolume.SetUp failed for volume "c" : configmap "web" not found"#;
    assert_eq!(events[1], expected);
    cluster.create::<ConfigMap>(json!({ "metadata": { "name": "web" } })).await;
    cluster.until::<Pod>("web", is_ready).await;
}

#[tokio::test]
async fn changed_image_restarts_the_container_in_its_pod() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Pod>(pod("web", &container("1.0.0"))).await;
    cluster.until::<Pod>("web", is_ready).await;
    cluster.patch::<Pod>("web", json!({ "spec": { "containers": [container("1.0.1")] } })).await;
    let restarted = |pod: &Value| is_ready(pod) && pod["status"]["containerStatuses"][0]["restartCount"] == 1;
    cluster.until::<Pod>("web", restarted).await;
    let answer = cluster.get("/api/v1/namespaces/app/pods/web:8080/proxy/version").await.unwrap();
    assert_eq!(answer, r#"{"version":"1.0.1"}"#);
    let events = cluster.events("web", "Killing").await;
    let message = "Normal Killing: Container web definition changed, will be restarted".to_owned();
    assert!(events.contains(&message), "{events:?}");
}
