//! Which Pods of a Job ended, counted once each: a Pod keeps a finalizer until its end is written down. Pure.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::{JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::super::workloads::is_active;

/// Holds a Pod until its end is counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// How a Pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Good,
    Bad,
}

/// How a Pod ended, if it did. One that is being deleted counts as failed.
pub(super) fn end(pod: &Pod) -> Option<End> {
    match pod.status.as_ref().and_then(|status| status.phase.as_deref()) {
        Some("Succeeded") => Some(End::Good),
        Some("Failed") => Some(End::Bad),
        _ if is_active(pod) => None,
        _ => Some(End::Bad),
    }
}

/// Whether a Pod's end is still to be counted.
pub(super) fn is_tracked(pod: &Pod) -> bool {
    pod.finalizers().iter().any(|finalizer| finalizer == TRACKING)
}

/// Notes the Pods that ended in a status, but for those whose failure is ignored; false when there is no new one.
pub(super) fn note(status: &mut JobStatus, pods: &[Pod], ignored: impl Fn(&Pod) -> bool) -> bool {
    let uncounted = status.uncounted_terminated_pods.get_or_insert_default();
    let known = |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let noted = &known(&uncounted.succeeded) | &known(&uncounted.failed);
    let mut any = false;
    for pod in pods.iter().filter(|pod| is_tracked(pod)) {
        let (Some(end), Some(uid)) = (end(pod), pod.uid()) else { continue };
        if noted.contains(&uid) || (end == End::Bad && ignored(pod)) {
            continue;
        }
        any = true;
        match end {
            End::Good => uncounted.succeeded.get_or_insert_default().push(uid),
            End::Bad => uncounted.failed.get_or_insert_default().push(uid),
        }
    }
    any
}

/// Adds to the numbers what was noted, when no Pod is held for it any more.
pub(super) fn add_up(status: &mut JobStatus) {
    let uncounted = status.uncounted_terminated_pods.replace(UncountedTerminatedPods::default());
    let UncountedTerminatedPods { succeeded, failed } = uncounted.unwrap_or_default();
    for (number, noted) in [(&mut status.succeeded, succeeded), (&mut status.failed, failed)] {
        let more = i32::try_from(noted.map_or(0, |noted| noted.len())).unwrap_or(i32::MAX);
        let sum = number.unwrap_or_default().saturating_add(more);
        *number = (sum > 0).then_some(sum);
    }
}

/// When the last of the Pods that failed did so, and how many failed since one did not.
pub(super) fn failures<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> Option<(Timestamp, u32)> {
    let mut ends = pods.into_iter().filter_map(|pod| Some((finished(pod)?, end(pod)?))).collect::<Vec<_>>();
    ends.sort_by_key(|(time, _)| *time);
    let failed = ends.iter().rev().take_while(|(_, end)| *end == End::Bad).collect::<Vec<_>>();
    let (last, _) = failed.first()?;
    Some((*last, u32::try_from(failed.len()).unwrap_or(u32::MAX)))
}

fn finished(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = statuses.iter().filter_map(|it| it.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref());
    ended.map(|time| time.0).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_end_is_noted_once_and_counts_once() {
        let pod = |uid: &str, phase: &str| -> Pod {
            let metadata = json!({ "name": uid, "uid": uid, "finalizers": [TRACKING] });
            serde_json::from_value(json!({ "metadata": metadata, "status": { "phase": phase } })).unwrap()
        };
        let pods = [pod("a", "Succeeded"), pod("b", "Failed"), pod("c", "Running")];
        let mut status = JobStatus { succeeded: Some(1), ..JobStatus::default() };
        assert!(!note(&mut JobStatus::default(), &pods[1..], |_| true));
        assert!(note(&mut status, &pods, |_| false));
        assert!(!note(&mut status, &pods, |_| false));
        add_up(&mut status);
        add_up(&mut status);
        let expected = json!({ "succeeded": 2, "failed": 1, "uncountedTerminatedPods": {} });
        assert_eq!(serde_json::to_value(status).unwrap(), expected);
    }
}
