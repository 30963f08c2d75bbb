//! The status of a `ReplicaSet`. Pure.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::super::workloads::ready_since;

/// What came of managing the Pods, when something was refused.
pub(super) struct Refusal {
    /// `FailedCreate` or `FailedDelete`.
    pub(super) reason: &'static str,
    /// The API server's words.
    pub(super) message: String,
}

/// The status for these active Pods, and how long until one more becomes available just by waiting.
pub(super) fn status(
    set: &ReplicaSet,
    pods: &[Pod],
    refusal: Option<&Refusal>,
    now: Timestamp,
) -> (ReplicaSetStatus, Option<Duration>) {
    let spec = set.spec.clone().unwrap_or_default();
    let labels = spec.template.and_then(|template| template.metadata).and_then(|metadata| metadata.labels);
    let labels = labels.unwrap_or_default();
    let wait = i64::from(spec.min_ready_seconds.unwrap_or_default());
    let (mut labelled, mut ready, mut available, mut next) = (0, 0, 0, None);
    for pod in pods {
        let own = pod.metadata.labels.as_ref();
        if labels.iter().all(|(key, value)| own.and_then(|own| own.get(key)) == Some(value)) {
            labelled += 1;
        }
        let Some(since) = ready_since(pod) else { continue };
        ready += 1;
        let left = wait - now.duration_since(since).as_secs();
        if wait == 0 || left <= 0 {
            available += 1;
        } else {
            let left = Duration::from_secs(left.unsigned_abs());
            next = Some(next.map_or(left, |next: Duration| next.min(left)));
        }
    }
    let before = set.status.as_ref().and_then(|status| status.conditions.as_ref());
    let mut conditions = before.cloned().unwrap_or_default();
    let known = conditions.iter().position(|condition| condition.type_ == "ReplicaFailure");
    match (refusal, known) {
        (Some(refusal), None) => conditions.push(ReplicaSetCondition {
            type_: "ReplicaFailure".to_owned(),
            status: "True".to_owned(),
            last_transition_time: Some(Time(now)),
            reason: Some(refusal.reason.to_owned()),
            message: Some(refusal.message.clone()),
        }),
        (None, Some(index)) => drop(conditions.remove(index)),
        _ => {}
    }
    let some = |count: i32| (count > 0).then_some(count);
    let status = ReplicaSetStatus {
        replicas: i32::try_from(pods.len()).unwrap_or(i32::MAX),
        fully_labeled_replicas: some(labelled),
        ready_replicas: some(ready),
        available_replicas: some(available),
        observed_generation: set.metadata.generation,
        conditions: (!conditions.is_empty()).then_some(conditions),
        terminating_replicas: None,
    };
    (status, next)
}
