//! The status of a Deployment and the words of its conditions. Pure.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::rollout::Bounds;

const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const FAILURE: &str = "ReplicaFailure";

const COMPLETE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// A deadline of this many seconds is none.
const NO_DEADLINE: i32 = i32::MAX;

/// What a reconciliation saw and did.
pub(super) struct Facts<'a> {
    pub(super) deployment: &'a Deployment,
    /// The set of the newest template.
    pub(super) new: Option<&'a ReplicaSet>,
    /// Whether it was made just now.
    pub(super) created: bool,
    pub(super) old: &'a [ReplicaSet],
    /// Whether only the number of replicas changed, or the rollout is paused: progress is not judged then.
    pub(super) only_scaling: bool,
    pub(super) collisions: Option<i32>,
    pub(super) now: Timestamp,
}

impl Facts<'_> {
    /// The status, and when the deadline for progress passes.
    pub(super) fn status(&self) -> (DeploymentStatus, Option<Duration>) {
        let before = self.deployment.status.clone().unwrap_or_default();
        let mut status = self.counts();
        let mut conditions =
            Conditions { list: before.conditions.clone().unwrap_or_default(), now: self.now };
        let available = status.available_replicas.unwrap_or_default();
        if available >= Bounds::of(self.deployment).minimum() {
            conditions.set(
                AVAILABLE,
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            );
        } else {
            let message = "Deployment does not have minimum availability.";
            conditions.set(AVAILABLE, "False", "MinimumReplicasUnavailable", message);
        }
        self.pause(&mut conditions);
        let next = if self.only_scaling { None } else { self.progress(&mut conditions, &before, &status) };
        self.failure(&mut conditions);
        status.conditions = Some(conditions.list);
        (status, next)
    }

    fn counts(&self) -> DeploymentStatus {
        let some = |count: i32| (count > 0).then_some(count);
        let all = || self.old.iter().chain(self.new);
        let sum = |count: fn(&ReplicaSet) -> i32| all().map(count).sum::<i32>();
        let wanted = sum(|set| set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default());
        let available =
            sum(|set| set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or_default());
        let updated = self.new.and_then(|set| set.status.as_ref()).map(|status| status.replicas);
        DeploymentStatus {
            observed_generation: self.deployment.metadata.generation,
            replicas: some(sum(|set| set.status.as_ref().map(|status| status.replicas).unwrap_or_default())),
            updated_replicas: some(updated.unwrap_or_default()),
            ready_replicas: some(sum(|set| {
                set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default()
            })),
            available_replicas: some(available),
            unavailable_replicas: some(wanted - available),
            collision_count: self.collisions,
            conditions: None,
            terminating_replicas: None,
        }
    }

    fn deadline(&self) -> Option<i32> {
        let spec = self.deployment.spec.as_ref()?;
        spec.progress_deadline_seconds.filter(|seconds| *seconds != NO_DEADLINE)
    }

    fn pause(&self, conditions: &mut Conditions) {
        let paused = self.deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
        let reason = conditions.get(PROGRESSING).and_then(|condition| condition.reason.clone());
        if self.deadline().is_none() || reason.as_deref() == Some(TIMED_OUT) {
            return;
        }
        match (paused, reason.as_deref() == Some(PAUSED)) {
            (true, false) => {
                conditions.set(PROGRESSING, "Unknown", PAUSED, "Deployment is paused");
            }
            (false, true) => {
                conditions.set(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed");
            }
            _ => {}
        }
    }

    fn progress(
        &self,
        conditions: &mut Conditions,
        before: &DeploymentStatus,
        status: &DeploymentStatus,
    ) -> Option<Duration> {
        let Some(deadline) = self.deadline() else {
            conditions.remove(PROGRESSING);
            return None;
        };
        let subject = self.new.map_or_else(
            || format!(r#"Deployment "{}""#, self.deployment.name_any()),
            |set| format!(r#"ReplicaSet "{}""#, set.name_any()),
        );
        if let Some(new) = self.new {
            let name = new.name_any();
            if self.created {
                let message = format!(r#"Created new replica set "{name}""#);
                conditions.set(PROGRESSING, "True", "NewReplicaSetCreated", &message);
            } else if conditions.get(PROGRESSING).is_none() {
                let message = format!(r#"Found new replica set "{name}""#);
                conditions.set(PROGRESSING, "True", "FoundNewReplicaSet", &message);
            }
        }
        let known = conditions.get(PROGRESSING).and_then(|condition| condition.reason.clone());
        if status.replicas == status.updated_replicas && known.as_deref() == Some(COMPLETE) {
            return None;
        }
        let wanted = Bounds::of(self.deployment).replicas;
        let count = |count: Option<i32>| count.unwrap_or_default();
        let complete =
            [status.updated_replicas, status.replicas, status.available_replicas].map(count) == [wanted; 3];
        let outdated = |status: &DeploymentStatus| count(status.replicas) - count(status.updated_replicas);
        let moves = count(status.updated_replicas) > count(before.updated_replicas)
            || outdated(status) < outdated(before)
            || count(status.ready_replicas) > count(before.ready_replicas)
            || count(status.available_replicas) > count(before.available_replicas);
        if complete {
            let message = format!("{subject} has successfully progressed.");
            conditions.set(PROGRESSING, "True", COMPLETE, &message);
            return None;
        }
        if moves {
            let message = format!("{subject} is progressing.");
            conditions.renew(PROGRESSING, "True", "ReplicaSetUpdated", &message);
        }
        let condition = conditions.get(PROGRESSING)?;
        if condition.reason.as_deref() == Some(TIMED_OUT) {
            return None;
        }
        let since = condition.last_update_time.as_ref().map_or(self.now, |time| time.0);
        let left = i64::from(deadline) - self.now.duration_since(since).as_secs();
        if left >= 0 {
            return Some(Duration::from_secs(left.unsigned_abs() + 1));
        }
        let message = format!("{subject} has timed out progressing.");
        conditions.set(PROGRESSING, "False", TIMED_OUT, &message);
        None
    }

    fn failure(&self, conditions: &mut Conditions) {
        let sets = self.new.into_iter().chain(self.old);
        let mut found =
            sets.flat_map(|set| set.status.iter().flat_map(|status| status.conditions.iter().flatten()));
        match found.find(|condition| condition.type_ == FAILURE && condition.status == "True") {
            Some(it) => {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                conditions.set(FAILURE, "True", &text(&it.reason), &text(&it.message));
            }
            None => conditions.remove(FAILURE),
        }
    }
}

struct Conditions {
    list: Vec<DeploymentCondition>,
    now: Timestamp,
}

impl Conditions {
    fn get(&self, kind: &str) -> Option<&DeploymentCondition> {
        self.list.iter().find(|condition| condition.type_ == kind)
    }

    fn remove(&mut self, kind: &str) {
        self.list.retain(|condition| condition.type_ != kind);
    }

    /// Sets a condition, unless it is so for the same reason.
    fn set(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let same = |it: &DeploymentCondition| it.status == status && it.reason.as_deref() == Some(reason);
        if !self.get(kind).is_some_and(same) {
            self.renew(kind, status, reason, message);
        }
    }

    /// Sets a condition, and its time of update in any case.
    fn renew(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let before = self.get(kind).filter(|condition| condition.status == status);
        let since = before.and_then(|before| before.last_transition_time.clone()).unwrap_or(Time(self.now));
        self.remove(kind);
        self.list.push(DeploymentCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(since),
            last_update_time: Some(Time(self.now)),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AVAILABLE_NOW: &str = include_str!("../../../tests/fixtures/workloads/deployment-available.yaml");
    const PROGRESSING_NOW: &str =
        include_str!("../../../tests/fixtures/workloads/deployment-progressing.yaml");

    fn recorded(text: &str) -> Deployment {
        let value: Value = serde_saphyr::from_str(text).unwrap();
        serde_json::from_value(value).unwrap()
    }

    fn set(name: &str, wanted: i32, available: i32) -> ReplicaSet {
        serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": { "replicas": wanted, "selector": {} },
            "status": { "replicas": wanted, "readyReplicas": available, "availableReplicas": available },
        }))
        .unwrap()
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    /// The deployment of a recording, with the status that it had before.
    fn facts<'a>(
        deployment: &'a Deployment,
        new: &'a ReplicaSet,
        old: &'a [ReplicaSet],
        now: &str,
    ) -> Facts<'a> {
        Facts {
            deployment,
            new: Some(new),
            created: false,
            old,
            only_scaling: false,
            collisions: None,
            now: at(now),
        }
    }

    fn assert_same(made: &DeploymentStatus, recorded: &Deployment) {
        let json = |status| serde_json::to_string_pretty(status).unwrap();
        assert_eq!(json(made), json(recorded.status.as_ref().unwrap()));
    }

    #[test]
    fn first_rollout_ends_as_recorded() {
        let recorded = recorded(AVAILABLE_NOW);
        let mut deployment = recorded.clone();
        deployment.status = None;
        let name = "web-6479c7b469";
        let (empty, one, two) = (set(name, 2, 0), set(name, 2, 1), set(name, 2, 2));
        let first = Facts { created: true, ..facts(&deployment, &empty, &[], "2026-11-21T04:21:39Z") };
        let (status, next) = first.status();
        assert_eq!(next, Some(Duration::from_secs(601)));
        deployment.status = Some(status);
        for seen in [&empty, &one, &two] {
            let status = facts(&deployment, seen, &[], "2026-11-21T04:21:40Z").status().0;
            deployment.status = Some(status);
        }
        assert_same(deployment.status.as_ref().unwrap(), &recorded);
    }

    #[test]
    fn rollout_to_an_image_that_cannot_be_pulled_is_as_recorded() {
        let recorded = recorded(PROGRESSING_NOW);
        let mut deployment = recorded.clone();
        // A scale to three had made it unavailable until the moment when this rollout began.
        deployment.status = serde_json::from_value(json!({
            "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "conditions": [
                { "type": "Progressing", "status": "True", "reason": COMPLETE,
                  "lastTransitionTime": "2026-11-21T04:21:39Z", "lastUpdateTime": "2026-11-21T04:21:40Z" },
                { "type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
                  "message": "Deployment has minimum availability.",
                  "lastTransitionTime": "2026-11-21T04:21:44Z", "lastUpdateTime": "2026-11-21T04:21:44Z" },
            ],
        }))
        .unwrap();
        let (created, old) = (set("web-7cc7b7b8bc", 0, 0), [set("web-6479c7b469", 3, 3)]);
        let status =
            Facts { created: true, ..facts(&deployment, &created, &old, "2026-11-21T04:21:44Z") }.status().0;
        deployment.status = Some(status);
        let one = set("web-7cc7b7b8bc", 1, 0);
        let status = facts(&deployment, &one, &old, "2026-11-21T04:21:44Z").status().0;
        assert_same(&status, &recorded);
    }

    #[test]
    fn deadline_is_told_when_it_has_passed() {
        let mut deployment = recorded(PROGRESSING_NOW);
        let (new, old) = (set("web-7cc7b7b8bc", 1, 0), [set("web-6479c7b469", 3, 3)]);
        let (status, next) = facts(&deployment, &new, &old, "2026-11-21T04:31:44Z").status();
        assert_eq!((status.conditions.as_ref().map(Vec::len), next), (Some(2), Some(Duration::from_secs(1))));
        let (status, next) = facts(&deployment, &new, &old, "2026-11-21T04:31:45Z").status();
        assert_eq!(next, None);
        let condition = serde_json::to_value(&status.conditions.as_ref().unwrap()[1]).unwrap();
        let expected = json!({
            "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
            "message": r#"ReplicaSet "web-7cc7b7b8bc" has timed out progressing."#,
            "lastTransitionTime": "2026-11-21T04:31:45Z", "lastUpdateTime": "2026-11-21T04:31:45Z",
        });
        assert_eq!(condition, expected);
        deployment.status = Some(status.clone());
        let again = facts(&deployment, &new, &old, "2026-11-21T05:00:00Z").status().0;
        assert_eq!(again, status);
    }
}
