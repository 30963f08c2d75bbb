//! Jobs come to their end as the recorded ones did.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::workloads::Cluster;

const COMPLETE: &str = include_str!("../../fixtures/apiserver/job-complete.yaml");
const FAILED: &str = include_str!("../../fixtures/apiserver/job-failed.yaml");

fn job(name: &str, spec: &Value, command: &[&str]) -> Value {
    let container = json!({ "name": "c", "image": "busybox:1.37", "command": command });
    let mut object = json!({
        "metadata": { "name": name },
        "spec": { "template": { "spec": { "containers": [container], "restartPolicy": "Never" } } },
    });
    json_patch::merge(&mut object["spec"], spec);
    object
}

fn is_over(job: &Value) -> bool {
    let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Complete" || condition["type"] == "Failed")
}

/// What of a Job is the same each time: status without times, labels and selectors without its uid.
fn lasting(job: &Value) -> Value {
    let uid = job["metadata"]["uid"].as_str().unwrap();
    let facts = json!({
        "labels": job["metadata"]["labels"],
        "selector": job["spec"]["selector"],
        "template": job["spec"]["template"]["metadata"],
        "status": job["status"],
    });
    let text = facts.to_string().replace(uid, "<uid>");
    let times = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    serde_json::from_str(&times.replace_all(&text, "<time>")).unwrap()
}

#[tokio::test]
async fn good_end_is_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Job>(job("ok", &json!({}), &["echo", "done"])).await;
    let ended = serde_json::to_value(cluster.until::<Job>("ok", is_over).await).unwrap();
    let recorded: Value = serde_saphyr::from_str(COMPLETE).unwrap();
    assert_eq!(lasting(&ended), lasting(&recorded));
    let pods = cluster.pods("batch.kubernetes.io/job-name=ok").await;
    let pod = pods[0].name_any();
    assert!(pods.len() == 1 && pods[0].finalizers().is_empty());
    let logs = cluster.api::<Pod>().logs(&pod, &kube::api::LogParams::default()).await.unwrap();
    assert_eq!(logs, "done\n");
    let told = cluster.events("ok", "Completed").await;
    let created = format!("Normal SuccessfulCreate: Created pod: {pod}");
    assert_eq!(told, [created.as_str(), "Normal Completed: Job completed"]);
    cluster.close().await;
}

#[tokio::test]
async fn bad_end_is_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Job>(job("bad", &json!({ "backoffLimit": 0 }), &["sh", "-c", "exit 3"])).await;
    let ended = serde_json::to_value(cluster.until::<Job>("bad", is_over).await).unwrap();
    let mut recorded: Value = serde_saphyr::from_str(FAILED).unwrap();
    // The recorded one was allowed another attempt.
    recorded["status"]["failed"] = json!(1);
    assert_eq!(lasting(&ended), lasting(&recorded));
    let told = cluster.events("bad", "BackoffLimitExceeded").await;
    let expected = "Warning BackoffLimitExceeded: Job has reached the specified backoff limit";
    assert_eq!(told.last().map(String::as_str), Some(expected));
    cluster.close().await;
}

#[tokio::test]
async fn several_pods_run_at_a_time_and_go_with_their_job() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let spec = json!({ "completions": 5, "parallelism": 2 });
    cluster.create::<Job>(job("many", &spec, &["sleep", "1"])).await;
    let ended = cluster.until::<Job>("many", is_over).await;
    assert_eq!(ended.status.unwrap().succeeded, Some(5));
    assert_eq!(cluster.pods("batch.kubernetes.io/job-name=many").await.len(), 5);
    cluster.create::<Job>(job("endless", &json!({}), &["sleep", "infinity"])).await;
    cluster.until::<Job>("endless", |job| job["status"]["ready"] == 1).await;
    let pod = cluster.pods("batch.kubernetes.io/job-name=endless").await[0].name_any();
    cluster.api::<Job>().delete("endless", &DeleteParams::background()).await.unwrap();
    cluster.until_gone::<Pod>(&pod).await;
    cluster.close().await;
}
