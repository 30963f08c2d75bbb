//! Whether a Job is over, why, and how its conditions say so. Pure.

use std::borrow::Cow;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::count::{End, end};
use super::indexes::parse;
use super::policy::{Ruling, ruling};

/// How a Job ends, in the words of its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Says that the rest of its Pods goes: `SuccessCriteriaMet` or `FailureTarget`.
    pub(super) target: &'static str,
    /// Says that all is over: `Complete` or `Failed`.
    pub(super) last: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: Cow<'static, str>,
}

const COMPLETE: Verdict = Verdict {
    target: "SuccessCriteriaMet",
    last: "Complete",
    reason: "CompletionsReached",
    message: Cow::Borrowed("Reached expected number of succeeded pods"),
};
const BACKOFF: Verdict = Verdict {
    target: "FailureTarget",
    last: "Failed",
    reason: "BackoffLimitExceeded",
    message: Cow::Borrowed("Job has reached the specified backoff limit"),
};
const DEADLINE: Verdict = Verdict {
    target: "FailureTarget",
    last: "Failed",
    reason: "DeadlineExceeded",
    message: Cow::Borrowed("Job was active longer than specified deadline"),
};

const FAILED_INDEXES: Verdict = Verdict {
    target: "FailureTarget",
    last: "Failed",
    reason: "FailedIndexes",
    message: Cow::Borrowed("Job has failed indexes"),
};
const MANY_FAILED: Verdict = Verdict {
    target: "FailureTarget",
    last: "Failed",
    reason: "MaxFailedIndexesExceeded",
    message: Cow::Borrowed("Job has exceeded the specified maximal number of failed indexes"),
};
const POLICY: Verdict = Verdict {
    target: "FailureTarget",
    last: "Failed",
    reason: "PodFailurePolicy",
    message: Cow::Borrowed(""),
};

/// What has become of the Job with these Pods; nothing while it goes on.
pub(super) fn verdict(
    job: &Job,
    status: &JobStatus,
    pods: &[Pod],
    active: &[Pod],
    now: Timestamp,
) -> Option<Verdict> {
    let spec = job.spec.clone().unwrap_or_default();
    let all = [POLICY, BACKOFF, DEADLINE, MANY_FAILED, FAILED_INDEXES, COMPLETE];
    for verdict in all {
        let own = condition(status, verdict.target).filter(|own| own.status == "True");
        if let Some(own) = own.filter(|own| own.reason.as_deref() == Some(verdict.reason)) {
            return Some(Verdict { message: own.message.clone().unwrap_or_default().into(), ..verdict });
        }
    }
    let mut failed = pods.iter().filter(|pod| end(pod) == Some(End::Bad));
    let given_up = failed.find_map(|pod| match ruling(&spec, pod) {
        Ruling::FailJob(message) => Some(Verdict { message: message.into(), ..POLICY }),
        _ => None,
    });
    if given_up.is_some() {
        return given_up;
    }
    let limit = spec.backoff_limit.unwrap_or(6);
    if status.failed.unwrap_or_default() > limit || restarted_too_often(&spec, active, limit) {
        return Some(BACKOFF);
    }
    if left(&spec, status, now) == Some(Duration::ZERO) {
        return Some(DEADLINE);
    }
    let succeeded = status.succeeded.unwrap_or_default();
    if let (Some(completions), Some(failed)) = (spec.completions, &status.failed_indexes) {
        let failed = i32::try_from(parse(failed, completions).len()).unwrap_or(i32::MAX);
        if spec.max_failed_indexes.is_some_and(|most| failed > most) {
            return Some(MANY_FAILED);
        }
        if failed > 0 && succeeded + failed >= completions {
            return Some(FAILED_INDEXES);
        }
    }
    let complete = match spec.completions {
        Some(completions) => succeeded >= completions,
        None => succeeded > 0 && active.is_empty(),
    };
    complete.then_some(COMPLETE)
}

/// How long the Job may go on, if there is an end to it.
pub(super) fn left(spec: &JobSpec, status: &JobStatus, now: Timestamp) -> Option<Duration> {
    let deadline = spec.active_deadline_seconds?;
    let run = now.duration_since(status.start_time.as_ref()?.0).as_secs();
    Some(Duration::from_secs(u64::try_from(deadline.saturating_sub(run)).unwrap_or_default()))
}

/// How many Pods are wanted at a time.
pub(super) fn wanted(spec: &JobSpec, status: &JobStatus, active: usize) -> usize {
    let parallelism = spec.parallelism.unwrap_or(1);
    let succeeded = status.succeeded.unwrap_or_default();
    let failed = |completions| {
        let failed = status.failed_indexes.as_ref().map_or(0, |failed| parse(failed, completions).len());
        i32::try_from(failed).unwrap_or(i32::MAX)
    };
    match spec.completions {
        Some(completions) => {
            let left = completions - succeeded - failed(completions);
            usize::try_from(left.min(parallelism)).unwrap_or_default()
        }
        None if succeeded > 0 => active,
        None => usize::try_from(parallelism).unwrap_or_default(),
    }
}

/// A condition that was set.
pub(super) fn condition<'a>(status: &'a JobStatus, kind: &str) -> Option<&'a JobCondition> {
    status.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// Whether a condition holds.
pub(super) fn holds(status: &JobStatus, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition.status == "True")
}

/// Sets a condition; false when it was so already.
pub(super) fn set(
    status: &mut JobStatus,
    kind: &str,
    value: bool,
    (reason, message): (&str, &str),
    now: Timestamp,
) -> bool {
    if holds(status, kind) == value && condition(status, kind).is_some() {
        return false;
    }
    let conditions = status.conditions.get_or_insert_default();
    conditions.retain(|condition| condition.type_ != kind);
    conditions.push(JobCondition {
        type_: kind.to_owned(),
        status: if value { "True" } else { "False" }.to_owned(),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
    });
    true
}

fn restarted_too_often(spec: &JobSpec, active: &[Pod], limit: i32) -> bool {
    let policy = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    if policy != Some("OnFailure") {
        return false;
    }
    let statuses = active.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref()).flatten();
    let restarts = statuses.map(|status| status.restart_count).sum::<i32>();
    if limit == 0 { restarts > 0 } else { restarts >= limit }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(
        spec: serde_json::Value,
        status: serde_json::Value,
        active: usize,
    ) -> (Option<&'static str>, usize) {
        let template = json!({ "spec": { "containers": [], "restartPolicy": "Never" } });
        let mut job = json!({ "metadata": { "name": "j" }, "spec": spec });
        job["spec"]["template"] = template;
        let job = serde_json::from_value::<Job>(job).unwrap();
        let status = serde_json::from_value::<JobStatus>(status).unwrap();
        let pods = vec![Pod::default(); active];
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let reason = verdict(&job, &status, &[], &pods, now).map(|verdict| verdict.reason);
        (reason, wanted(job.spec.as_ref().unwrap(), &status, active))
    }

    #[test]
    fn verdicts_and_sizes_follow_the_numbers() {
        let three = json!({ "completions": 3, "parallelism": 2, "backoffLimit": 1 });
        assert_eq!(of(three.clone(), json!({}), 0), (None, 2));
        assert_eq!(of(three.clone(), json!({ "succeeded": 2, "failed": 1 }), 1), (None, 1));
        assert_eq!(of(three.clone(), json!({ "succeeded": 3 }), 0), (Some("CompletionsReached"), 0));
        assert_eq!(of(three, json!({ "failed": 2 }), 1).0, Some("BackoffLimitExceeded"));
        let queue = json!({ "parallelism": 2 });
        assert_eq!(of(queue.clone(), json!({ "succeeded": 1 }), 1), (None, 1));
        assert_eq!(of(queue, json!({ "succeeded": 2 }), 0), (Some("CompletionsReached"), 0));
        let numbered =
            json!({ "completions": 3, "parallelism": 3, "completionMode": "Indexed", "maxFailedIndexes": 1 });
        let failed = |list: &str, succeeded: i32| json!({ "failedIndexes": list, "succeeded": succeeded });
        assert_eq!(of(numbered.clone(), failed("", 1), 2), (None, 2));
        assert_eq!(of(numbered.clone(), failed("1", 1), 1), (None, 1));
        assert_eq!(of(numbered.clone(), failed("1", 2), 0), (Some("FailedIndexes"), 0));
        assert_eq!(of(numbered, failed("0,1", 0), 1).0, Some("MaxFailedIndexesExceeded"));
        let hurried = json!({ "completions": 1, "activeDeadlineSeconds": 30 });
        let begun = |at: &str| json!({ "startTime": at });
        assert_eq!(of(hurried.clone(), begun("2026-01-01T00:00:45Z"), 1).0, None);
        assert_eq!(of(hurried, begun("2026-01-01T00:00:30Z"), 1).0, Some("DeadlineExceeded"));
    }
}
