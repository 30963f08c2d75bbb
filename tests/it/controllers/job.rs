//! Jobs come to their end as the recorded ones did.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
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

#[tokio::test]
async fn indexed_pods_have_numbers_and_each_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let spec = json!({ "completions": 4, "parallelism": 2, "completionMode": "Indexed" });
    let command = ["sh", "-c", "echo I am $(JOB_COMPLETION_INDEX)"];
    cluster.create::<Job>(job("numbered", &spec, &command)).await;
    let status = cluster.until::<Job>("numbered", is_over).await.status.unwrap();
    assert_eq!((status.succeeded, status.completed_indexes.as_deref()), (Some(4), Some("0-3")));
    let mut pods = cluster.pods("batch.kubernetes.io/job-name=numbered").await;
    pods.sort_by_key(ResourceExt::name_any);
    assert_eq!(pods.len(), 4);
    for (number, pod) in pods.iter().enumerate() {
        let name = pod.name_any();
        assert!(name.starts_with(&format!("numbered-{number}-")), "{name}");
        assert_eq!(pod.labels()["batch.kubernetes.io/job-completion-index"], number.to_string());
        assert_eq!(pod.spec.as_ref().unwrap().hostname, Some(format!("numbered-{number}")));
        let logs = cluster.api::<Pod>().logs(&name, &kube::api::LogParams::default()).await.unwrap();
        assert_eq!(logs, format!("I am {number}\n"));
    }
    cluster.close().await;
}

#[tokio::test]
async fn failures_are_ruled_on_by_number_and_policy() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    let spec = json!({
        "completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 0,
    });
    // The exit code is the Pod's number.
    let command = ["sh", "-c", "exit $(JOB_COMPLETION_INDEX)"];
    cluster.create::<Job>(job("each", &spec, &command)).await;
    let status = cluster.until::<Job>("each", is_over).await.status.unwrap();
    let indexes = (status.completed_indexes.as_deref(), status.failed_indexes.as_deref());
    assert_eq!((indexes, status.failed), ((Some("0"), Some("1,2")), Some(2)));
    let told = cluster.events("each", "FailedIndexes").await;
    assert_eq!(told.last().unwrap(), "Warning FailedIndexes: Job has failed indexes");

    let rule = json!({ "action": "FailJob", "onExitCodes": { "operator": "In", "values": [3] } });
    let spec = json!({ "podFailurePolicy": { "rules": [rule] } });
    cluster.create::<Job>(job("ruled", &spec, &["sh", "-c", "exit 3"])).await;
    let ended = cluster.until::<Job>("ruled", is_over).await.status.unwrap();
    let pod = cluster.pods("batch.kubernetes.io/job-name=ruled").await[0].name_any();
    let message =
        format!("Container c for pod app/{pod} failed with exit code 3 matching FailJob rule at index 0");
    let conditions = ended.conditions.unwrap().into_iter();
    let conditions = conditions.map(|it| (it.type_, it.reason.unwrap(), it.message.unwrap()));
    let expected = ["FailureTarget", "Failed"]
        .map(|kind| (kind.to_owned(), "PodFailurePolicy".to_owned(), message.clone()));
    assert_eq!(conditions.collect::<Vec<_>>(), expected);
    cluster.close().await;
}

#[tokio::test]
async fn suspended_hurried_and_short_lived_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<Job>(job("later", &json!({ "suspend": true }), &["echo", "done"])).await;
    let suspended = |job: &Value| job["status"]["conditions"][0]["type"] == "Suspended";
    cluster.until::<Job>("later", suspended).await;
    assert_eq!(cluster.pods("batch.kubernetes.io/job-name=later").await.len(), 0);
    cluster.patch::<Job>("later", json!({ "spec": { "suspend": false } })).await;
    cluster.until::<Job>("later", is_over).await;
    let told = cluster.events("later", "Completed").await;
    let expected = ["Normal Suspended: Job suspended", "Normal Resumed: Job resumed"];
    assert!(expected.iter().all(|line| told.contains(&(*line).to_owned())), "{told:?}");

    let hurried = json!({ "activeDeadlineSeconds": 1 });
    cluster.create::<Job>(job("hurried", &hurried, &["sleep", "infinity"])).await;
    cluster.until::<Job>("hurried", is_over).await;
    let told = cluster.events("hurried", "DeadlineExceeded").await;
    let expected = "Warning DeadlineExceeded: Job was active longer than specified deadline";
    assert_eq!(told.last().unwrap(), expected);

    let brief = json!({ "ttlSecondsAfterFinished": 0 });
    cluster.create::<Job>(job("brief", &brief, &["true"])).await;
    cluster.until_gone::<Job>("brief").await;
    cluster.close().await;
}
