//! The Jobs of a `CronJob`: a new one, which are over, and which are kept no longer. Pure.

use std::cmp::Reverse;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::jiff::tz::TimeZone;
use kube::ResourceExt as _;

use super::super::workloads::owner;

const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The Job for a time of the schedule. Its name is of that time, so that nobody makes a second one.
pub(super) fn job(cron: &CronJob, scheduled: Timestamp, zone: &TimeZone) -> Job {
    let template = cron.spec.as_ref().map(|spec| spec.job_template.clone()).unwrap_or_default();
    let given = template.metadata.unwrap_or_default();
    let mut annotations = given.annotations.unwrap_or_default();
    let time = scheduled.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let time = time.strip_suffix("+00:00").map(|time| format!("{time}Z")).unwrap_or(time);
    annotations.insert(SCHEDULED.to_owned(), time);
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron.name_any(), scheduled.as_second() / 60)),
            namespace: cron.namespace(),
            labels: given.labels,
            annotations: Some(annotations),
            owner_references: owner(cron).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

/// How a Job ended, `Complete` or `Failed`; none while it goes on.
pub(super) fn end(job: &Job) -> Option<&str> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let end = conditions.iter().find(|condition| {
        condition.status == "True" && matches!(condition.type_.as_str(), "Complete" | "Failed")
    });
    end.map(|end| end.type_.as_str())
}

/// The Jobs beyond the limits of the history, oldest first.
pub(super) fn superfluous<'a>(cron: &CronJob, jobs: &'a [Job]) -> Vec<&'a Job> {
    let spec = cron.spec.clone().unwrap_or_default();
    let limits =
        [("Complete", spec.successful_jobs_history_limit), ("Failed", spec.failed_jobs_history_limit)];
    let mut surplus = Vec::new();
    for (kind, limit) in limits {
        let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { continue };
        let mut over = jobs.iter().filter(|job| end(job) == Some(kind)).collect::<Vec<_>>();
        over.sort_by_key(|job| Reverse((started(job), job.name_any())));
        surplus.extend(over.into_iter().skip(limit).rev());
    }
    surplus
}

fn started(job: &Job) -> Option<Timestamp> {
    job.status.as_ref()?.start_time.as_ref().map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn job_is_of_its_time() {
        let template = json!({
            "metadata": { "labels": { "app": "hello" }, "annotations": { "a": "b" } },
            "spec": { "template": {} },
        });
        let cron = json!({
            "metadata": { "name": "hello", "namespace": "app", "uid": "1" },
            "spec": { "schedule": "0 2 * * *", "jobTemplate": template },
        });
        let cron = serde_json::from_value(cron).unwrap();
        let made = |zone: &str| {
            let time = "2026-03-01T01:00:00Z".parse().unwrap();
            serde_json::to_value(job(&cron, time, &TimeZone::get(zone).unwrap())).unwrap()
        };
        let berlin = made("Europe/Berlin");
        let owner = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "name": "hello", "uid": "1", "controller": true,
            "blockOwnerDeletion": true,
        });
        let annotations = json!({ "a": "b", SCHEDULED: "2026-03-01T02:00:00+01:00" });
        let expected = json!({
            "name": "hello-29538780", "namespace": "app", "labels": { "app": "hello" },
            "annotations": annotations, "ownerReferences": [owner],
        });
        assert_eq!(berlin["metadata"], expected);
        assert_eq!(made("UTC")["metadata"]["annotations"][SCHEDULED], "2026-03-01T01:00:00Z");
    }

    #[test]
    fn history_is_cut_at_its_limits() {
        let job = |name: &str, kind: &str| -> Job {
            let conditions = json!([{ "type": kind, "status": "True" }]);
            let time = format!("2026-03-01T0{name}:00:00Z");
            let status = json!({ "startTime": time, "conditions": conditions });
            serde_json::from_value(json!({ "metadata": { "name": name }, "status": status })).unwrap()
        };
        let jobs = [
            job("3", "Complete"),
            job("1", "Complete"),
            job("2", "Complete"),
            job("5", "Failed"),
            job("4", "Failed"),
            job("0", "Suspended"),
        ];
        let cut = |good: Option<i32>, bad: Option<i32>| {
            let spec = json!({
                "schedule": "", "jobTemplate": {},
                "successfulJobsHistoryLimit": good, "failedJobsHistoryLimit": bad,
            });
            let cron = serde_json::from_value(json!({ "spec": spec })).unwrap();
            superfluous(&cron, &jobs)
                .into_iter()
                .map(kube::ResourceExt::name_any)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(cut(Some(1), Some(1)), "1 2 4");
        assert_eq!(cut(Some(3), Some(0)), "4 5");
        assert_eq!(cut(None, None), "");
    }
}
