//! Jobs at the times of a schedule.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::civil::date;
use k8s_openapi::jiff::tz::TimeZone;
use kube::ResourceExt as _;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::kubectl::{kubectl, start, told};
use crate::workloads::Cluster;

/// One that nothing has come of yet. Its Jobs run a command.
fn cron(name: &str, schedule: &str, command: &[&str], more: &Value) -> Value {
    let container = json!({ "name": "c", "image": "busybox:1.37", "command": command });
    let pod = json!({ "containers": [container], "restartPolicy": "Never" });
    let mut object = json!({
        "metadata": { "name": name },
        "spec": {
            "schedule": schedule, "suspend": true,
            "jobTemplate": { "spec": { "backoffLimit": 0, "template": { "spec": pod } } },
        },
    });
    json_patch::merge(&mut object["spec"], more);
    object
}

/// Once a year: the last start was on the first of January, and no hour changes that in the middle of a test.
const YEARLY: &str = "0 0 1 1 *";

/// Has it believe that its last start was years ago, and lets it go.
async fn missed(cluster: &Cluster, name: &str) {
    let patch = Patch::Merge(json!({ "status": { "lastScheduleTime": "2020-01-01T00:00:00Z" } }));
    cluster.api::<CronJob>().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    cluster.patch::<CronJob>(name, json!({ "spec": { "suspend": false } })).await;
}

/// When this year began.
fn new_year() -> i64 {
    let year = Timestamp::now().to_zoned(TimeZone::UTC).year();
    date(year, 1, 1).to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
}

/// The name of the Job of this year.
fn of_this_year(name: &str) -> String {
    format!("{name}-{}", new_year() / 60)
}

#[tokio::test]
async fn missed_start_is_made_up_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    cluster.create::<CronJob>(cron("hello", YEARLY, &["echo", "done"], &json!({}))).await;
    missed(&cluster, "hello").await;
    let over = |cron: &Value| !cron["status"]["lastSuccessfulTime"].is_null();
    let ended = cluster.until::<CronJob>("hello", over).await.status.unwrap();
    let name = of_this_year("hello");
    let job = cluster.api::<Job>().get(&name).await.unwrap();
    assert_eq!(ended.last_successful_time, job.status.as_ref().unwrap().completion_time);
    let last = ended.last_schedule_time.unwrap().0.as_second();
    assert_eq!((ended.active, last), (None, new_year()));
    assert!(job.annotations().contains_key("batch.kubernetes.io/cronjob-scheduled-timestamp"));
    assert_eq!(job.owner_references()[0].name, "hello");
    let expected = [
        format!("Normal SuccessfulCreate: Created job {name}"),
        format!("Normal SawCompletedJob: Saw completed job: {name}, condition: Complete"),
    ];
    assert_eq!(cluster.events("hello", "SawCompletedJob").await, expected);
    assert_eq!(cluster.api::<Job>().list(&ListParams::default()).await.unwrap().items.len(), 1);
    cluster.close().await;
}

#[tokio::test]
async fn policies_say_what_becomes_of_a_job_that_still_runs() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::open(folder.path()).await;
    for policy in ["Forbid", "Replace", "Allow"] {
        let name = policy.to_lowercase();
        let more = json!({ "concurrencyPolicy": policy });
        cluster.create::<CronJob>(cron(&name, YEARLY, &["sleep", "infinity"], &more)).await;
        missed(&cluster, &name).await;
        let active = |cron: &Value| cron["status"]["active"].as_array().is_some_and(|all| all.len() == 1);
        cluster.until::<CronJob>(&name, active).await;
        // Every hour, there is a start of its own that was missed, but for the first of the year.
        cluster.patch::<CronJob>(&name, json!({ "spec": { "schedule": "0 * * * *" } })).await;
        let reason = match policy {
            "Forbid" => "JobAlreadyActive",
            "Replace" => "SuccessfulDelete",
            _ => "SuccessfulCreate",
        };
        let told = cluster.events(&name, reason).await;
        let first = of_this_year(&name);
        match policy {
            "Forbid" => {
                let message = "Normal JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid";
                assert!(told.contains(&message.to_owned()), "{told:?}");
            }
            "Replace" => {
                assert!(told.contains(&format!("Normal SuccessfulDelete: Deleted job {first}")), "{told:?}");
                cluster.until_gone::<Job>(&first).await;
            }
            _ => {
                let two =
                    |cron: &Value| cron["status"]["active"].as_array().is_some_and(|all| all.len() == 2);
                cluster.until::<CronJob>(&name, two).await;
            }
        }
    }
    cluster.close().await;
}

#[tokio::test]
async fn kubectl_makes_shows_and_runs_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some((cluster, stop)) = start(folder).await else { return };
    let refused = [
        (
            "0 * * *",
            r#"spec.schedule: Invalid value: "0 * * *": expected exactly 5 fields, found 4: [0 * * *]"#,
        ),
        (
            "61 * * * *",
            r#"spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61"#,
        ),
        (
            "TZ=UTC 0 * * * *",
            r#"spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"#,
        ),
    ];
    for (schedule, message) in refused {
        let made = cluster.api::<CronJob>();
        let object = serde_json::from_value(cron("bad", schedule, &["true"], &json!({}))).unwrap();
        let error = made.create(&kube::api::PostParams::default(), &object).await.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let lost = cron("lost", "0 * * * *", &["true"], &json!({ "timeZone": "Moon/Base" }));
    let lost = serde_json::from_value(lost).unwrap();
    let error = cluster.api::<CronJob>().create(&kube::api::PostParams::default(), &lost).await.unwrap_err();
    let message = r#"spec.timeZone: Invalid value: "Moon/Base": unknown time zone Moon/Base"#;
    assert!(error.to_string().contains(message), "{error}");

    let more = json!({ "timeZone": "Europe/Berlin" });
    cluster.create::<CronJob>(cron("hello", "0 3 1 1 *", &["echo", "by hand"], &more)).await;
    let shown = told(folder, "get cronjob hello --no-headers").await;
    let expected = ["hello", "0", "3", "1", "1", "*", "Europe/Berlin", "True", "0", "<none>"];
    assert_eq!(shown.split_whitespace().take(10).collect::<Vec<_>>(), expected);
    assert_eq!(told(folder, "create job now --from=cronjob/hello").await, "job.batch/now created\n");
    let done = told(folder, "wait --for=condition=complete job/now --timeout 30s").await;
    assert_eq!(done, "job.batch/now condition met\n");
    assert_eq!(told(folder, "logs job/now").await, "by hand\n");
    let job = cluster.api::<Job>().get("now").await.unwrap();
    assert_eq!(job.annotations()["cronjob.kubernetes.io/instantiate"], "manual");
    let (code, described) = kubectl(folder, "describe cronjob hello").await;
    assert!(
        code == 0 && described.contains("Saw a job that the controller did not create or forgot: now"),
        "{described}"
    );
    stop.cancel();
    cluster.close().await;
}
