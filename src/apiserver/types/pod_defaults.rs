//! The defaults of Pods and of templates for them, which Kubernetes gives in code.

use serde_json::{Map, Value, json};

use super::workload_defaults::{each, in_spec, put, tcp, within};

/// Fills in the defaults of a Pod.
pub(super) fn pod(object: &mut Map<String, Value>) {
    in_spec(object, |spec| {
        put(spec, "enableServiceLinks", json!(true));
        for list in ["initContainers", "containers"] {
            each(spec, list, |container| within(container, "resources", request_limits));
        }
        pod_spec(spec);
    });
    put(object, "status", json!({}));
    within(object, "status", |status| {
        put(status, "phase", json!("Pending"));
        each(status, "conditions", |condition| {
            put(condition, "lastProbeTime", Value::Null);
            put(condition, "lastTransitionTime", Value::Null);
        });
    });
}

/// Whoever limits a resource requests as much, unless something else is requested.
fn request_limits(resources: &mut Map<String, Value>) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    put(resources, "requests", json!({}));
    within(resources, "requests", |requests| {
        for (name, amount) in limits {
            put(requests, &name, amount);
        }
    });
}

/// Fills in the defaults of the field `template`.
pub(super) fn template(fields: &mut Map<String, Value>) {
    within(fields, "template", |template| in_spec(template, pod_spec));
}

fn pod_spec(spec: &mut Map<String, Value>) {
    let on_host = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, |container| self::container(container, on_host));
    }
    put(spec, "restartPolicy", json!("Always"));
    put(spec, "terminationGracePeriodSeconds", json!(30));
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|grace| grace < 0) {
        spec.insert("terminationGracePeriodSeconds".to_owned(), json!(1));
    }
    drop_restart_rules(spec);
    put(spec, "dnsPolicy", json!("ClusterFirst"));
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        put(spec, "serviceAccount", account);
    } else if let Some(account) = spec.get("serviceAccount").cloned() {
        put(spec, "serviceAccountName", account);
    }
    put(spec, "securityContext", json!({}));
    put(spec, "schedulerName", json!("default-scheduler"));
    each(spec, "volumes", pod_volume);
}

/// Containers have no rules of their own for being started again, unless a feature is on that is not; only those
/// before the others may say that they stay.
fn drop_restart_rules(spec: &mut Map<String, Value>) {
    each(spec, "containers", |container| {
        container.shift_remove("restartPolicy");
        container.shift_remove("restartPolicyRules");
    });
    each(spec, "initContainers", |container| {
        container.shift_remove("restartPolicyRules");
        if container.get("restartPolicy").is_some_and(|policy| *policy != json!("Always")) {
            container.shift_remove("restartPolicy");
        }
    });
}

fn container(container: &mut Map<String, Value>, on_host: bool) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    put_pull_policy(pull_policy(image), container);
    put(container, "terminationMessagePath", json!("/dev/termination-log"));
    put(container, "terminationMessagePolicy", json!("File"));
    put(container, "resources", json!({}));
    each(container, "ports", |port| {
        tcp(port);
        if let (true, Some(number)) = (on_host, port.get("containerPort").cloned()) {
            put(port, "hostPort", number);
        }
    });
    each(container, "env", |variable| within(variable, "valueFrom", field_reference));
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        within(container, name, probe);
    }
    within(container, "lifecycle", |lifecycle| {
        for name in ["postStart", "preStop"] {
            within(lifecycle, name, |hook| within(hook, "httpGet", http_get));
        }
    });
}

fn put_pull_policy(policy: &str, container: &mut Map<String, Value>) {
    put(container, "imagePullPolicy", json!(policy));
}

fn pull_policy(image: &str) -> &'static str {
    if image.contains('@') {
        return "IfNotPresent";
    }
    // A colon before the last slash belongs to the registry's port.
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None | Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn probe(probe: &mut Map<String, Value>) {
    put(probe, "timeoutSeconds", json!(1));
    put(probe, "periodSeconds", json!(10));
    put(probe, "successThreshold", json!(1));
    put(probe, "failureThreshold", json!(3));
    within(probe, "httpGet", http_get);
    within(probe, "grpc", |grpc| put(grpc, "service", json!("")));
}

fn http_get(action: &mut Map<String, Value>) {
    put(action, "path", json!("/"));
    put(action, "scheme", json!("HTTP"));
}

fn field_reference(source: &mut Map<String, Value>) {
    within(source, "fieldRef", |reference| put(reference, "apiVersion", json!("v1")));
    within(source, "resourceFieldRef", |reference| put(reference, "divisor", json!("0")));
}

fn pod_volume(volume: &mut Map<String, Value>) {
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        within(volume, name, |source| put(source, "defaultMode", json!(0o644)));
    }
    within(volume, "downwardAPI", |source| each(source, "items", field_reference));
    within(volume, "hostPath", |source| put(source, "type", json!("")));
    within(volume, "projected", |projected| {
        each(projected, "sources", |source| {
            within(source, "serviceAccountToken", |token| put(token, "expirationSeconds", json!(3600)));
            within(source, "downwardAPI", |downward| each(downward, "items", field_reference));
        });
    });
    within(volume, "ephemeral", |ephemeral| {
        within(ephemeral, "volumeClaimTemplate", |claim| {
            in_spec(claim, |spec| put(spec, "volumeMode", json!("Filesystem")));
        });
    });
}
