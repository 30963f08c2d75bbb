//! Whether an object has become what its spec asks for, as kstatus decides it: what `wait` and health checks of
//! Flux go by. <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus>

use serde_json::Value;

use super::{Condition, condition, conditions};

/// The verdict on one object, with kstatus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is what its spec asks for.
    Current,
    /// It is on its way.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It does not exist.
    NotFound,
}

impl Readiness {
    /// The word in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::InProgress => "InProgress",
            Self::Failed => "Failed",
            Self::Terminating => "Terminating",
            Self::NotFound => "NotFound",
        }
    }
}

/// Judges an object as the API server returned it; `None` for one that does not exist.
#[must_use]
pub fn readiness(object: Option<&Value>) -> Readiness {
    let Some(object) = object else { return Readiness::NotFound };
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Readiness::Terminating;
    }
    if let Some(verdict) = generic(object) {
        return verdict;
    }
    let group = object["apiVersion"].as_str().unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    match (group, object["kind"].as_str().unwrap_or_default()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "ReplicaSet") => replica_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => current_if(object.pointer("/status/phase") == Some(&"Bound".into())),
        ("", "Service") => service(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("policy", "PodDisruptionBudget") => Readiness::Current,
        _ => by_ready_condition(object),
    }
}

/// What holds for every kind: an unseen generation and the conditions `Reconciling` and `Stalled`.
fn generic(object: &Value) -> Option<Readiness> {
    let generation = number(object, "/metadata/generation");
    if let (Some(generation), Some(observed)) = (generation, number(object, "/status/observedGeneration"))
        && observed != generation
    {
        return Some(Readiness::InProgress);
    }
    if is(object, "Reconciling", "True") {
        return Some(Readiness::InProgress);
    }
    is(object, "Stalled", "True").then_some(Readiness::Failed)
}

fn by_ready_condition(object: &Value) -> Readiness {
    match condition(object, "Ready") {
        Some(Condition { status, .. }) => current_if(status == "True"),
        None => Readiness::Current,
    }
}

fn deployment(object: &Value) -> Readiness {
    let progressing = condition(object, "Progressing");
    if progressing.is_some_and(|condition| condition.reason == "ProgressDeadlineExceeded") {
        return Readiness::Failed;
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let [replicas, updated, ready, available] =
        counts(object, ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]);
    let complete = replicas == wanted && updated == wanted && ready == wanted && available == wanted;
    current_if(complete && is(object, "Available", "True"))
}

fn replica_set(object: &Value) -> Readiness {
    if is(object, "ReplicaFailure", "True") {
        return Readiness::InProgress;
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let found = counts(object, ["fullyLabeledReplicas", "readyReplicas", "availableReplicas", "replicas"]);
    current_if(found == [wanted; 4])
}

fn stateful_set(object: &Value) -> Readiness {
    if object.pointer("/spec/updateStrategy/type") == Some(&"OnDelete".into()) {
        return Readiness::Current;
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let [replicas, ready, updated] = counts(object, ["replicas", "readyReplicas", "updatedReplicas"]);
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    current_if(replicas == wanted && ready == wanted && updated >= wanted - partition)
}

fn daemon_set(object: &Value) -> Readiness {
    if object.pointer("/status/observedGeneration").is_none() {
        return Readiness::InProgress;
    }
    let [desired, current, updated, available, ready] = counts(
        object,
        [
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberReady",
        ],
    );
    current_if([current, updated, available, ready].iter().all(|&count| count >= desired))
}

fn job(object: &Value) -> Readiness {
    if is(object, "Failed", "True") {
        return Readiness::Failed;
    }

    current_if(is(object, "Complete", "True"))
}

fn pod(object: &Value) -> Readiness {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Succeeded") => Readiness::Current,
        Some("Failed") => Readiness::Failed,
        Some("Running") if is(object, "Ready", "True") => Readiness::Current,
        Some("Running") if crashes(object) => Readiness::Failed,
        _ => Readiness::InProgress,
    }
}

fn crashes(object: &Value) -> bool {
    let containers = object.pointer("/status/containerStatuses").and_then(Value::as_array);
    let waits = |status: &Value| status.pointer("/state/waiting/reason") == Some(&"CrashLoopBackOff".into());
    containers.is_some_and(|statuses| statuses.iter().any(waits))
}

fn service(object: &Value) -> Readiness {
    if object.pointer("/spec/type") != Some(&"LoadBalancer".into()) {
        return Readiness::Current;
    }
    current_if(object.pointer("/spec/clusterIP").is_some_and(|address| address != ""))
}

fn definition(object: &Value) -> Readiness {
    if is(object, "NamesAccepted", "False") {
        return Readiness::Failed;
    }
    current_if(is(object, "Established", "True"))
}

fn current_if(so: bool) -> Readiness {
    if so { Readiness::Current } else { Readiness::InProgress }
}

fn is(object: &Value, kind: &str, status: &str) -> bool {
    conditions(object).iter().any(|condition| condition.kind == kind && condition.status == status)
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

fn counts<const N: usize>(object: &Value, names: [&str; N]) -> [i64; N] {
    names.map(|name| object["status"][name].as_i64().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deployment_goes_from_progress_to_current_or_failed() {
        let mut object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "generation": 2 },
            "spec": { "replicas": 2 },
            "status": { "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                "availableReplicas": 2, "conditions": [{ "type": "Available", "status": "True" }] },
        });
        assert_eq!(readiness(Some(&object)), Readiness::InProgress, "the generation is not seen yet");
        object["status"]["observedGeneration"] = json!(2);
        assert_eq!(readiness(Some(&object)), Readiness::Current);
        object["status"]["updatedReplicas"] = json!(1);
        assert_eq!(readiness(Some(&object)), Readiness::InProgress);
        let stuck = json!({ "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded" });
        object["status"]["conditions"].as_array_mut().unwrap().push(stuck);
        assert_eq!(readiness(Some(&object)), Readiness::Failed);
        object["metadata"]["deletionTimestamp"] = json!("2026-11-21T03:10:28Z");
        assert_eq!(readiness(Some(&object)), Readiness::Terminating);
        assert_eq!(readiness(None), Readiness::NotFound);
    }

    #[test]
    fn kinds_without_rules_go_by_their_ready_condition() {
        let with = |status: &str| {
            json!({ "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                "status": { "conditions": [{ "type": "Ready", "status": status }] } })
        };
        assert_eq!(readiness(Some(&with("True"))), Readiness::Current);
        assert_eq!(readiness(Some(&with("False"))), Readiness::InProgress);
        assert_eq!(readiness(Some(&json!({ "apiVersion": "v1", "kind": "ConfigMap" }))), Readiness::Current);
    }

    #[test]
    fn definitions_and_pods_have_rules_of_their_own() {
        let definition =
            json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition" });
        assert_eq!(readiness(Some(&definition)), Readiness::InProgress);
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "status": { "phase": "Running",
            "containerStatuses": [{ "state": { "waiting": { "reason": "CrashLoopBackOff" } } }] } });
        assert_eq!(readiness(Some(&pod)), Readiness::Failed);
    }
}
