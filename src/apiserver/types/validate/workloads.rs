//! What Kubernetes checks in Deployments and their like, after `pkg/apis/apps/validation`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::field::{Errors, Field};
use super::{pods, storage};

/// A Deployment's specification.
pub(super) fn deployment(spec: &Field, errors: &mut Errors) {
    spec.get("replicas").at_least_zero(errors);
    if !spec.get("selector").is_set() {
        spec.get("selector").required("", errors);
    }
    let right = selector(spec, "deployment", errors);
    template(spec, right, "ReplicaSet", errors);
    strategy(&spec.get("strategy"), errors);
    for name in ["minReadySeconds", "revisionHistoryLimit"] {
        spec.get(name).at_least_zero(errors);
    }
    let deadline = spec.get("progressDeadlineSeconds");
    deadline.at_least_zero(errors);
    if deadline.is_set() && deadline.count() <= spec.get("minReadySeconds").count() {
        deadline.invalid("must be greater than minReadySeconds", errors);
    }
}

/// What a Deployment's status counts.
pub(super) fn deployment_status(status: &Field, errors: &mut Errors) {
    let names = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    for name in ["observedGeneration", "replicas"].iter().chain(&names).chain(&["unavailableReplicas"]) {
        status.get(name).at_least_zero(errors);
    }
    let all = status.get("replicas").count();
    for name in &names {
        let (one, count) = (status.get(name), status.get(name).count());
        if count > all {
            one.wrong(&count.into(), "cannot be greater than status.replicas", errors);
        }
    }
    let (ready, available) = (status.get("readyReplicas").count(), status.get("availableReplicas"));
    if available.count() > ready {
        available.wrong(&available.count().into(), "cannot be greater than readyReplicas", errors);
    }
}

/// Checks a selector that is there. Whether it is right at all is `None` where there is none.
fn selector(spec: &Field, word: &str, errors: &mut Errors) -> bool {
    let selector = spec.get("selector");
    if !selector.is_set() {
        return true;
    }
    if !selector.selector(errors) {
        selector.invalid("invalid label selector", errors);
        return false;
    }
    if selector.get("matchLabels").len() + selector.get("matchExpressions").len() == 0 {
        selector.invalid(&format!("empty selector is invalid for {word}"), errors);
        return false;
    }
    true
}

/// Checks the template; `compared` says whether its labels are held against the selector.
fn template(spec: &Field, compared: bool, owner: &str, errors: &mut Errors) {
    let template = spec.get("template");
    let labels = template.get("metadata").get("labels");
    if compared && !selects(&spec.get("selector"), labels.value) {
        labels.invalid("`selector` does not match template `labels`", errors);
    }
    template_spec(&template, errors);
    let inner = template.get("spec");
    let policy = inner.get("restartPolicy");
    if policy.is_set() && policy.text() != "Always" {
        policy.unsupported(policy.value, &["Always"], errors);
    }
    if inner.get("activeDeadlineSeconds").is_set() {
        let detail = format!("activeDeadlineSeconds in {owner} is not Supported");
        inner.get("activeDeadlineSeconds").forbidden(&detail, errors);
    }
}

/// Checks what a template says of its Pods.
pub(super) fn template_spec(template: &Field, errors: &mut Errors) {
    let labels = template.get("metadata").get("labels");
    Field { value: labels.value, path: format!("{}.labels", template.path) }.labels(errors);
    pods::spec(template.get("spec").value, &format!("{}.spec", template.path), errors);
}

/// Whether a selector takes what has `labels`; one that is not there takes nothing.
pub(super) fn selects(selector: &Field, labels: &Value) -> bool {
    let mut wanted = selector.value["matchLabels"].as_object().into_iter().flatten();
    selector.is_set()
        && wanted.all(|(key, value)| labels.get(key) == Some(value))
        && selector.get("matchExpressions").items().all(|one| matches(&one, labels))
}

fn matches(expression: &Field, labels: &Value) -> bool {
    let value = labels.get(expression.get("key").text());
    let among = || value.is_some_and(|value| expression.get("values").items().any(|one| one.value == value));
    match expression.get("operator").text() {
        "In" => among(),
        "NotIn" => !among(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => true,
    }
}

fn strategy(strategy: &Field, errors: &mut Errors) {
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "Recreate" if rolling.is_set() => {
            rolling.forbidden("may not be specified when strategy `type` is 'Recreate'", errors);
        }
        "RollingUpdate" if rolling.is_set() => {
            let (surge, missing) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
            missing.count_or_percentage(errors);
            surge.count_or_percentage(errors);
            if missing.is_none_at_all() && surge.is_none_at_all() {
                missing.invalid("may not be 0 when `maxSurge` is 0", errors);
            }
            missing.at_most_all(errors);
        }
        "Recreate" | "RollingUpdate" => {}
        other => {
            let shown = json!({"Type": other, "RollingUpdate": null});
            strategy.unsupported(&shown, &["Recreate", "RollingUpdate"], errors);
        }
    }
}

/// A `ReplicaSet`'s specification.
pub(super) fn replica_set(spec: &Field, errors: &mut Errors) {
    for name in ["replicas", "minReadySeconds"] {
        spec.get(name).at_least_zero(errors);
    }
    if !spec.get("selector").is_set() {
        spec.get("selector").required("", errors);
    }
    let right = selector(spec, "deployment", errors);
    template(spec, right, "ReplicaSet", errors);
}

/// A `StatefulSet`'s specification.
pub(super) fn stateful_set(spec: &Field, errors: &mut Errors) {
    let policy = spec.get("podManagementPolicy");
    match policy.text() {
        "" => policy.required("", errors),
        "OrderedReady" | "Parallel" => {}
        _ => policy.invalid("must be 'OrderedReady' or 'Parallel'", errors),
    }
    let strategy = spec.get("updateStrategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "" => strategy.required("", errors),
        "OnDelete" if rolling.is_set() => {
            let shown = json!({"Partition": rolling.get("partition").value, "MaxUnavailable": null});
            rolling.wrong(&shown, "only allowed for updateStrategy 'RollingUpdate'", errors);
        }
        "RollingUpdate" => rolling.get("partition").at_least_zero(errors),
        "OnDelete" => {}
        other => {
            let shown = json!({"Type": other, "RollingUpdate": null});
            strategy.wrong(&shown, "must be 'RollingUpdate' or 'OnDelete'", errors);
        }
    }
    for name in ["whenDeleted", "whenScaled"] {
        spec.get("persistentVolumeClaimRetentionPolicy").get(name).one_of(&["Retain", "Delete"], errors);
    }
    for field in [spec.get("replicas"), spec.get("minReadySeconds"), spec.get("ordinals").get("start")] {
        field.at_least_zero(errors);
    }
    if !spec.get("serviceName").text().is_empty() {
        spec.get("serviceName").label(errors);
    }
    if !spec.get("selector").is_set() {
        spec.get("selector").required("", errors);
    }
    for claim in spec.get("volumeClaimTemplates").items() {
        storage::claim(&claim.get("spec"), errors);
    }
    let right = selector(spec, "statefulset", errors);
    let whole = with_claims(spec.value);
    template(&Field::new(&whole, &spec.path), right, "StatefulSet", errors);
}

/// A `StatefulSet`'s Pods have a volume for each of its claims, which containers may mount.
fn with_claims(spec: &Value) -> Cow<'_, Value> {
    let claims = spec["volumeClaimTemplates"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    if claims.is_empty() {
        return Cow::Borrowed(spec);
    }
    let mut spec = spec.clone();
    let pod = &mut spec["template"]["spec"];
    let mut volumes = pod["volumes"].as_array().cloned().unwrap_or_default();
    for claim in claims {
        let name = &claim["metadata"]["name"];
        volumes.retain(|volume| volume["name"] != *name);
        volumes.push(json!({ "name": name, "persistentVolumeClaim": { "claimName": name } }));
    }
    pod["volumes"] = Value::Array(volumes);
    Cow::Owned(spec)
}

/// A `DaemonSet`'s specification.
pub(super) fn daemon_set(spec: &Field, errors: &mut Errors) {
    let chosen = spec.get("selector");
    let wrong = errors.len();
    let right = !chosen.is_set() || chosen.selector(errors);
    let labels = spec.get("template").get("metadata").get("labels");
    if right && !selects(&chosen, labels.value) {
        labels.invalid("`selector` does not match template `labels`", errors);
    }
    if chosen.is_set()
        && errors.len() == wrong
        && chosen.get("matchLabels").len() + chosen.get("matchExpressions").len() == 0
    {
        chosen.invalid("empty selector is invalid for daemonset", errors);
    }
    template(spec, false, "DaemonSet", errors);
    spec.get("minReadySeconds").at_least_zero(errors);
    let strategy = spec.get("updateStrategy");
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "RollingUpdate" if rolling.is_set() => {
            let (surge, missing) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
            missing.count_or_percentage(errors);
            missing.at_most_all(errors);
            surge.count_or_percentage(errors);
            surge.at_most_all(errors);
            match (missing.is_none_at_all(), surge.is_none_at_all()) {
                (true, true) => missing.required("cannot be 0 when maxSurge is 0", errors),
                (false, false) => surge.invalid("may not be set when maxUnavailable is non-zero", errors),
                _ => {}
            }
        }
        "RollingUpdate" => rolling.required("", errors),
        "OnDelete" => {}
        other => {
            let shown = json!({"Type": other, "RollingUpdate": null});
            strategy.unsupported(&shown, &["RollingUpdate", "OnDelete"], errors);
        }
    }
    spec.get("revisionHistoryLimit").at_least_zero(errors);
}

/// A `ControllerRevision`.
pub(super) fn revision(object: &Field, errors: &mut Errors) {
    if !object.get("data").is_set() {
        object.get("data").required("data is mandatory", errors);
    }
    object.get("revision").at_least_zero(errors);
}
