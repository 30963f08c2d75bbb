//! Programs that end, and probes that say they should.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use crate::workloads::{Cluster, container};

fn pod(name: &str, policy: &str, environment: Value, more: &Value) -> Value {
    let mut web = container("1.0.0");
    web["env"] = environment;
    json_patch::merge(&mut web, more);
    json!({ "metadata": { "name": name }, "spec": { "restartPolicy": policy, "containers": [web] } })
}

fn too_long() -> Value {
    json!([{ "name": "POSTCARD_MESSAGE", "value": "x".repeat(300) }])
}

#[tokio::test]
async fn program_that_refuses_its_configuration_is_backed_off_from() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Pod>(pod("crash", "Always", too_long(), &json!({}))).await;
    let backed_off = |pod: &Value| {
        let container = &pod["status"]["containerStatuses"][0];
        container["restartCount"] == 1 && container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    };
    let pod = cluster.until::<Pod>("crash", backed_off).await;
    let uid = pod.uid().unwrap();
    let status = serde_json::to_value(pod.status.unwrap()).unwrap();
    let container = &status["containerStatuses"][0];
    let message = format!("back-off 10s restarting failed container=web pod=crash_app({uid})");
    assert_eq!(
        container["state"],
        json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } })
    );
    assert_eq!(container["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!(container["lastState"]["terminated"]["reason"], "Error");
    assert_eq!(status["phase"], "Running");
    let logs = cluster.get("/api/v1/namespaces/app/pods/crash/log").await.unwrap();
    assert_eq!(logs, "level=error message=\"`POSTCARD_MESSAGE` has 300 characters, at most 280 fit\"\n");
    let before = cluster.get("/api/v1/namespaces/app/pods/crash/log?previous=true").await.unwrap();
    assert_eq!(before, logs);
    let events = cluster.events("crash", "BackOff").await;
    let message =
        format!("Warning BackOff: Back-off restarting failed container web in pod crash_app({uid})");
    assert!(events.contains(&message), "{events:?}");
}

#[tokio::test]
async fn pod_that_is_not_restarted_fails() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Pod>(pod("once", "Never", too_long(), &json!({}))).await;
    let pod = cluster.until::<Pod>("once", |pod| pod["status"]["phase"] == "Failed").await;
    let conditions = pod.status.unwrap().conditions.unwrap();
    let seen = conditions.iter().map(|it| (it.type_.as_str(), it.status.as_str(), it.reason.as_deref()));
    let expected = [
        ("PodReadyToStartContainers", "False", None),
        ("Initialized", "True", None),
        ("Ready", "False", Some("PodFailed")),
        ("ContainersReady", "False", Some("PodFailed")),
        ("PodScheduled", "True", None),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn failing_liveness_probe_restarts_and_failing_readiness_probe_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let probe = |path: &str, failures: i32| json!({ "httpGet": { "path": path, "port": 8080 }, "periodSeconds": 1, "failureThreshold": failures });
    let probes = json!({ "readinessProbe": probe("/readyz", 3), "livenessProbe": probe("/nowhere", 2) });
    cluster.create::<Pod>(pod("dying", "Always", json!([]), &probes)).await;
    cluster.until::<Pod>("dying", |pod| pod["status"]["containerStatuses"][0]["restartCount"] == 1).await;
    let events = cluster.events("dying", "Killing").await;
    let unhealthy = "Warning Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 404";
    let killing = "Normal Killing: Container web failed liveness probe, will be restarted";
    assert!(events.contains(&unhealthy.to_owned()) && events.contains(&killing.to_owned()), "{events:?}");

    let probes =
        json!({ "readinessProbe": { "tcpSocket": { "port": 9999 }, "httpGet": null, "periodSeconds": 1 } });
    cluster.create::<Pod>(pod("deaf", "Always", json!([]), &probes)).await;
    let events = cluster.events("deaf", "Unhealthy").await;
    let pod = cluster.until::<Pod>("deaf", |pod| pod["status"]["phase"] == "Running").await;
    let address = pod.status.as_ref().unwrap().pod_ip.clone().unwrap();
    let refused = format!(
        "Warning Unhealthy: Readiness probe failed: dial tcp {address}:9999: connect: connection refused"
    );
    assert!(events.contains(&refused), "{events:?}");
    let status = pod.status.unwrap().container_statuses.unwrap().remove(0);
    assert_eq!((status.ready, status.restart_count), (false, 0));
}
