//! The commonest of what Kubernetes checks in code for its own kinds other than Pods.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::names::{self, quoted};
use super::{FieldError, batch, metadata, pods};
use crate::apiserver::types::Kind;

/// Checks what is particular to a built-in kind.
pub(super) fn validate(kind: &Kind, object: &Value, errors: &mut Vec<FieldError>) {
    let spec = &object["spec"];
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pods::spec(spec, "spec", errors),
        ("", "Service") => service(spec, errors),
        ("", "ConfigMap") => {
            data_keys(object, "data", errors);
            data_keys(object, "binaryData", errors);
        }
        ("", "Secret") => data_keys(object, "data", errors),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
            selector(spec, errors);
            for field in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
                at_least_zero(&spec[field], &format!("spec.{field}"), errors);
            }
            template(&with_claims(spec), "spec.template", &["Always"], errors);
        }
        ("batch", "Job") => batch::job(spec, "spec", errors),
        ("batch", "CronJob") => batch::cron_job(object, errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(object, errors),
        ("networking.k8s.io", "Ingress") => ingress(spec, errors),
        _ => {}
    }
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

pub(super) fn at_least_zero(value: &Value, field: &str, errors: &mut Vec<FieldError>) {
    if value.as_i64().is_some_and(|number| number < 0) {
        errors.push(FieldError::invalid(field, value, "must be greater than or equal to 0"));
    }
}

fn selector(spec: &Value, errors: &mut Vec<FieldError>) {
    let selector = &spec["selector"];
    if selector.is_null() {
        errors.push(FieldError::required("spec.selector", ""));
        return;
    }
    metadata::labels(&selector["matchLabels"], "spec.selector.matchLabels", errors);
    let wanted = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    if wanted.is_none_or(serde_json::Map::is_empty) && expressions.is_none_or(Vec::is_empty) {
        let detail = "empty selector is invalid for deployment";
        errors.push(FieldError::invalid("spec.selector", selector, detail));
        return;
    }
    let labels = &spec["template"]["metadata"]["labels"];
    let differs =
        wanted.is_some_and(|wanted| wanted.iter().any(|(key, value)| labels.get(key) != Some(value)));
    let misses = expressions.is_some_and(|all| all.iter().any(|one| !matches(one, labels)));
    if differs || misses {
        let given = if labels.is_null() { &Value::Null } else { labels };
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", given, detail));
    }
}

fn matches(expression: &Value, labels: &Value) -> bool {
    let value = expression["key"].as_str().and_then(|key| labels.get(key));
    let among =
        || value.is_some_and(|value| expression["values"].as_array().is_some_and(|all| all.contains(value)));
    match expression["operator"].as_str() {
        Some("In") => among(),
        Some("NotIn") => !among(),
        Some("Exists") => value.is_some(),
        Some("DoesNotExist") => value.is_none(),
        _ => true,
    }
}

pub(super) fn template(spec: &Value, field: &str, restart: &[&str], errors: &mut Vec<FieldError>) {
    let template = &spec["template"];
    metadata::labels(&template["metadata"]["labels"], &format!("{field}.labels"), errors);
    pods::spec(&template["spec"], &format!("{field}.spec"), errors);
    let policy = &template["spec"]["restartPolicy"];
    if policy.as_str().is_some_and(|policy| !restart.contains(&policy)) {
        errors.push(FieldError::not_supported(format!("{field}.spec.restartPolicy"), policy, restart));
    }
}

fn service(spec: &Value, errors: &mut Vec<FieldError>) {
    const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    let kind = spec["type"].as_str().unwrap_or_default();
    if !TYPES.contains(&kind) {
        errors.push(FieldError::not_supported("spec.type", &spec["type"], &TYPES));
    }
    let ports: &[Value] = spec["ports"].as_array().map_or(&[], Vec::as_slice);
    if ports.is_empty() && kind != "ExternalName" && spec["clusterIP"] != "None" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    if kind == "ExternalName" && spec["externalName"].as_str().is_none_or(str::is_empty) {
        errors.push(FieldError::required("spec.externalName", ""));
    }
    metadata::labels(&spec["selector"], "spec.selector", errors);
    let mut seen = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{index}]");
        match port["name"].as_str() {
            None | Some("") if ports.len() > 1 => {
                errors.push(FieldError::required(format!("{field}.name"), ""));
            }
            None | Some("") => {}
            Some(name) => {
                for words in names::label(name) {
                    errors.push(FieldError::invalid(format!("{field}.name"), &quoted(name), &words));
                }
                if seen.contains(&name) {
                    errors.push(FieldError::duplicate(format!("{field}.name"), &quoted(name)));
                }
                seen.push(name);
            }
        }
        pods::port_number(&port["port"], &format!("{field}.port"), errors);
        pods::protocol(&port["protocol"], &format!("{field}.protocol"), errors);
    }
}

fn data_keys(object: &Value, field: &str, errors: &mut Vec<FieldError>) {
    for key in object[field].as_object().into_iter().flatten().map(|(key, _)| key) {
        for words in names::data_key(key) {
            errors.push(FieldError::invalid(format!("{field}[{key}]"), &quoted(key), &words));
        }
    }
}

fn binding(object: &Value, errors: &mut Vec<FieldError>) {
    let role = &object["roleRef"];
    if !matches!(role["kind"].as_str(), Some("Role" | "ClusterRole")) {
        errors.push(FieldError::not_supported("roleRef.kind", &role["kind"], &["ClusterRole", "Role"]));
    }
    if role["name"].as_str().is_none_or(str::is_empty) {
        errors.push(FieldError::required("roleRef.name", ""));
    }
    for (index, subject) in object["subjects"].as_array().into_iter().flatten().enumerate() {
        let field = format!("subjects[{index}]");
        if subject["name"].as_str().is_none_or(str::is_empty) {
            errors.push(FieldError::required(format!("{field}.name"), ""));
        }
        match subject["kind"].as_str() {
            Some("ServiceAccount") if subject["namespace"].as_str().is_none_or(str::is_empty) => {
                errors.push(FieldError::required(format!("{field}.namespace"), ""));
            }
            Some("ServiceAccount" | "User" | "Group") => {}
            _ => {
                let kinds = ["Group", "ServiceAccount", "User"];
                errors.push(FieldError::not_supported(format!("{field}.kind"), &subject["kind"], &kinds));
            }
        }
    }
}

fn ingress(spec: &Value, errors: &mut Vec<FieldError>) {
    const TYPES: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
    let rules: &[Value] = spec["rules"].as_array().map_or(&[], Vec::as_slice);
    if rules.is_empty() && spec["defaultBackend"].is_null() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid("spec", spec, detail));
    }
    for (index, rule) in rules.iter().enumerate() {
        for (place, path) in rule["http"]["paths"].as_array().into_iter().flatten().enumerate() {
            let field = format!("spec.rules[{index}].http.paths[{place}].pathType");
            match path["pathType"].as_str() {
                None | Some("") => errors.push(FieldError::required(field, "pathType must be specified")),
                Some(word) if !TYPES.contains(&word) => {
                    errors.push(FieldError::not_supported(field, &path["pathType"], &TYPES));
                }
                Some(_) => {}
            }
        }
    }
}
