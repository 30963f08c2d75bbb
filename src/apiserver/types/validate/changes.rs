//! What must not change in objects of built-in kinds once it is written, in the words of their `Validate…Update`.

use serde_json::{Value, json};

use super::field::{Errors, Field};
use crate::apiserver::types::Kind;

const POD: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const STATEFUL_SET: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
    'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are \
    forbidden";
const CLAIM: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
const OF_STATEFUL_SETS: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// Checks an object that takes the place of `old`.
pub(super) fn validate(kind: &Kind, old: &Field, new: &Field, errors: &mut Errors) {
    let (was, is) = (old.get("spec"), new.get("spec"));
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(&was, &is, errors),
        ("", "ResourceQuota") => same(&was.get("scopes"), &is.get("scopes"), errors),
        ("", "PersistentVolumeClaim") => claim(old, new, errors),
        ("apps", "StatefulSet")
            if without(was.value, &OF_STATEFUL_SETS) != without(is.value, &OF_STATEFUL_SETS) =>
        {
            is.forbidden(STATEFUL_SET, errors);
        }
        ("apps", "ControllerRevision") => same(&old.get("data"), &new.get("data"), errors),
        ("batch", "Job") => job(&was, &is, errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            let role = new.get("roleRef");
            if role.value != old.get("roleRef").value {
                let text = |name: &str| role.get(name).text().to_owned();
                let shown = json!({"APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name")});
                role.wrong(&shown, "cannot change roleRef", errors);
            }
        }
        ("storage.k8s.io", "StorageClass") => {
            for name in ["provisioner", "reclaimPolicy", "parameters"] {
                if name == "parameters" && old.get(name).value != new.get(name).value {
                    new.get(name).forbidden("updates to parameters are forbidden.", errors);
                } else if old.get(name).value != new.get(name).value {
                    new.get(name).forbidden(&format!("updates to {name} are forbidden."), errors);
                }
            }
            same(&old.get("volumeBindingMode"), &new.get("volumeBindingMode"), errors);
        }
        ("scheduling.k8s.io", "PriorityClass") => {
            if old.get("value").count() != new.get("value").count() {
                new.get("value").forbidden("may not be changed in an update.", errors);
            }
            same(&old.get("preemptionPolicy"), &new.get("preemptionPolicy"), errors);
        }
        ("networking.k8s.io", "IngressClass") => same(&was.get("controller"), &is.get("controller"), errors),
        ("discovery.k8s.io", "EndpointSlice") => {
            same(&old.get("addressType"), &new.get("addressType"), errors);
        }
        _ => {}
    }
}

fn same(old: &Field, new: &Field, errors: &mut Errors) {
    if old.value != new.value {
        new.invalid("field is immutable", errors);
    }
}

fn without(value: &Value, names: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
    value
}

fn pod(old: &Field, new: &Field, errors: &mut Errors) {
    for list in ["containers", "initContainers"] {
        if old.get(list).len() != new.get(list).len() {
            new.get(list).forbidden("pod updates may not add or remove containers", errors);
            return;
        }
    }
    let (was, is) = (old.get("activeDeadlineSeconds"), new.get("activeDeadlineSeconds"));
    if was.is_set() && (!is.is_set() || is.count() > was.count()) {
        let detail = format!("must be less than or equal to previous value {}", was.count());
        if is.is_set() {
            is.invalid(&detail, errors);
        } else {
            is.invalid("must not update from a positive integer to nil value", errors);
        }
        return;
    }
    let kept = new.get("tolerations");
    // Those that every Pod gets are no user's.
    let own = |one: &Field| !one.get("key").text().starts_with("node.kubernetes.io/");
    let lost = |one: Field| !kept.items().any(|other| other.value == one.value);
    if old.get("tolerations").items().filter(own).any(lost) {
        kept.forbidden("existing toleration can not be modified except its tolerationSeconds", errors);
    }
    let plain = |spec: &Field| {
        let mut plain = without(
            spec.value,
            &["activeDeadlineSeconds", "tolerations", "ephemeralContainers", "schedulingGates"],
        );
        for list in ["containers", "initContainers"] {
            for container in plain.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                *container = without(container, &["image"]);
            }
        }
        plain
    };
    if plain(old) != plain(new) {
        new.forbidden(POD, errors);
    }
}

fn claim(old: &Field, new: &Field, errors: &mut Errors) {
    let bound = new.get("status").get("phase").text() == "Bound";
    let (was, is) = (old.get("spec"), new.get("spec"));
    let plain = |spec: &Field| {
        let mut names = vec!["volumeName"];
        if bound {
            names.extend(["resources", "volumeAttributesClassName"]);
        }
        if !was.get("storageClassName").is_set() {
            names.push("storageClassName");
        }
        without(spec.value, &names)
    };
    if plain(&was) != plain(&is) {
        is.forbidden(CLAIM, errors);
    }
    if was.get("volumeMode").value != is.get("volumeMode").value {
        let mode = Field { path: "volumeMode".to_owned(), ..is.get("volumeMode") };
        mode.invalid("field is immutable", errors);
    }
}

fn job(old: &Field, new: &Field, errors: &mut Errors) {
    let mode = new.get("completionMode").text();
    if mode != "Indexed" || old.get("completionMode").text() != "Indexed" {
        same(&old.get("completions"), &new.get("completions"), errors);
    }
    if old.get("selector").value != new.get("selector").value {
        let mut shown = new.get("selector").value.clone();
        shown.sort_all_objects();
        new.get("selector").wrong(&shown, "field is immutable", errors);
    }
    let waits = old.get("suspend").value == true;
    let scheduled = ["nodeSelector", "tolerations", "affinity", "schedulingGates"];
    let plain = |template: &Field| {
        let mut plain = template.value.clone();
        if waits && plain["spec"].is_object() {
            plain["spec"] = without(&plain["spec"], &scheduled);
            plain["metadata"] = Value::Null;
        }
        plain
    };
    if plain(&old.get("template")) != plain(&new.get("template")) {
        new.get("template").invalid("field is immutable", errors);
    }
    for name in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex"] {
        same(&old.get(name), &new.get(name), errors);
    }
}
