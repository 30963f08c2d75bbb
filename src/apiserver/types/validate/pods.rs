//! What Kubernetes checks in the specification of a Pod, after `ValidatePodSpec` of `pkg/apis/core/validation`.
//! Containers and volumes have files of their own.

use serde_json::Value;

use super::field::{Errors, Field};
use super::{containers, volumes};

const TAINT_EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const MOST: i64 = i32::MAX as i64;

/// Checks the specification at `path`.
pub(super) fn spec(spec: &Value, path: &str, errors: &mut Errors) {
    let spec = Field::new(spec, path);
    let volumes = volumes::all(&spec.get("volumes"), errors);
    containers::all(&spec, &volumes, errors);
    spec.get("restartPolicy").one_of(&["Always", "OnFailure", "Never"], errors);
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    spec.get("dnsPolicy").one_of(&dns, errors);
    spec.get("nodeSelector").labels(errors);
    security(&spec.get("securityContext"), errors);
    affinity(&spec.get("affinity"), errors);
    if spec.get("dnsPolicy").text() == "None" && !spec.get("dnsConfig").is_set() {
        spec.get("dnsConfig").required("must provide `dnsConfig` when `dnsPolicy` is None", errors);
    }
    let mut gates = Vec::new();
    for gate in spec.get("schedulingGates").items() {
        let name = gate.get("name");
        name.qualified(errors);
        if gates.contains(&name.text()) {
            Field { value: name.value, path: gate.path }.duplicate(errors);
        }
        gates.push(name.text());
    }
    spread(&spec.get("topologySpreadConstraints"), errors);
    for name in ["serviceAccountName", "nodeName"] {
        if !spec.get(name).text().is_empty() {
            spec.get(name).subdomain(errors);
        }
    }
    spec.get("activeDeadlineSeconds").within(1, MOST, errors);
    for name in ["hostname", "subdomain"] {
        if !spec.get(name).text().is_empty() {
            spec.get(name).label(errors);
        }
    }
    for toleration in spec.get("tolerations").items() {
        tolerate(&toleration, errors);
    }
    for alias in spec.get("hostAliases").items() {
        alias.get("ip").address(errors);
        for name in alias.get("hostnames").items() {
            name.subdomain(errors);
        }
    }
    if !spec.get("priorityClassName").text().is_empty() {
        spec.get("priorityClassName").subdomain(errors);
    }
}

/// What only a new Pod must not have.
pub(super) fn new(spec: &Value, errors: &mut Errors) {
    let ephemeral = Field::new(&spec["ephemeralContainers"], "spec.ephemeralContainers");
    if ephemeral.len() > 0 {
        ephemeral.forbidden("cannot be set on create", errors);
    }
}

fn security(context: &Field, errors: &mut Errors) {
    for name in ["fsGroup", "runAsUser", "runAsGroup"] {
        context.get(name).within(0, MOST, errors);
    }
    for control in context.get("sysctls").items() {
        let name = control.get("name");
        if !name.must_be_text("", errors) {
            continue;
        }
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_./".contains(&byte);
        if name.text().len() > 253 || !name.text().bytes().all(inner) {
            let detail = "must have at most 253 characters and match regex \
                          ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            name.invalid(detail, errors);
        }
    }
}

fn affinity(affinity: &Field, errors: &mut Errors) {
    let node = affinity.get("nodeAffinity");
    let required = node.get("requiredDuringSchedulingIgnoredDuringExecution");
    if required.is_set() {
        node_selector(&required, errors);
    }
    for preferred in node.get("preferredDuringSchedulingIgnoredDuringExecution").items() {
        preferred.get("weight").within(1, 100, errors);
        term(&preferred.get("preference"), errors);
    }
}

/// A selector of nodes, of which there must be one term.
pub(super) fn node_selector(selector: &Field, errors: &mut Errors) {
    let terms = selector.get("nodeSelectorTerms");
    if terms.len() == 0 {
        terms.required("must have at least one node selector term", errors);
    }
    for one in terms.items() {
        term(&one, errors);
    }
}

fn term(term: &Field, errors: &mut Errors) {
    for one in term.get("matchExpressions").items() {
        let values = one.get("values");
        match one.get("operator").text() {
            "In" | "NotIn" if values.len() == 0 => {
                values.required("must be specified when `operator` is 'In' or 'NotIn'", errors);
            }
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                values
                    .forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'", errors);
            }
            "Gt" | "Lt" if values.len() != 1 => {
                values.required("must be specified single value when `operator` is 'Lt' or 'Gt'", errors);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            _ => one.get("operator").invalid("not a valid selector operator", errors),
        }
        one.get("key").qualified(errors);
    }
}

fn spread(constraints: &Field, errors: &mut Errors) {
    for one in constraints.items() {
        if one.get("maxSkew").count() <= 0 {
            one.get("maxSkew").wrong(&one.get("maxSkew").count().into(), "must be greater than zero", errors);
        }
        one.get("topologyKey").must_be_text("can not be empty", errors);
        one.get("whenUnsatisfiable").must_be_of(&["DoNotSchedule", "ScheduleAnyway"], errors);
        one.get("labelSelector").selector(errors);
    }
}

fn tolerate(toleration: &Field, errors: &mut Errors) {
    let (key, operator, effect) =
        (toleration.get("key"), toleration.get("operator"), toleration.get("effect"));
    if !key.text().is_empty() {
        key.qualified(errors);
    } else if operator.text() != "Exists" {
        let detail =
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        operator.wrong(&operator.text().into(), detail, errors);
    }
    if toleration.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        effect.wrong(
            &effect.text().into(),
            "effect must be 'NoExecute' when `tolerationSeconds` is set",
            errors,
        );
    }
    match operator.text() {
        "Exists" if !toleration.get("value").text().is_empty() => {
            operator.wrong(
                toleration.get("value").value,
                "value must be empty when `operator` is 'Exists'",
                errors,
            );
        }
        "Exists" | "Equal" | "" => {}
        _ => operator.unsupported(operator.value, &["Equal", "Exists"], errors),
    }
    if !effect.text().is_empty() {
        effect.one_of(&TAINT_EFFECTS, errors);
    }
}

/// The taints of a node.
pub(super) fn taints(taints: &Field, errors: &mut Errors) {
    let mut seen = Vec::new();
    for taint in taints.items() {
        let (key, effect) = (taint.get("key"), taint.get("effect"));
        key.qualified(errors);
        if effect.must_be_text("", errors) {
            effect.one_of(&TAINT_EFFECTS, errors);
        }
        if seen.contains(&(key.text(), effect.text())) {
            let shown = serde_json::json!({"Key": key.text(), "Value": taint.get("value").text(),
                "Effect": effect.text(), "TimeAdded": null});
            let message = format!("Duplicate value: {shown}: taints must be unique by key and effect pair");
            let reason = super::Reason::Duplicate;
            errors.push(super::FieldError { field: taint.path.clone(), reason, message });
        }
        seen.push((key.text(), effect.text()));
    }
}
