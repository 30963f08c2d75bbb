//! The defaults that Kubernetes gives its own kinds in code: what a stored Deployment or Service says although nobody
//! wrote it. Those of Pods are in the file beside this one.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::pod_defaults::{pod, template};

/// Fills in the defaults of the kind that `object` says it is.
pub(super) fn fill(object: &mut Value) {
    let word = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (word("apiVersion"), word("kind"));
    let Value::Object(object) = object else { return };
    match (api_version.as_str(), kind.as_str()) {
        ("v1", "Pod") => pod(object),
        ("v1", "PodTemplate") => template(object),
        ("v1", "Service") => service(object),
        ("v1", "Secret") => secret(object),
        ("v1", "Namespace") => namespace(object),
        ("v1", "Event") => {
            for time in ["firstTimestamp", "lastTimestamp", "eventTime"] {
                put(object, time, Value::Null);
            }
        }
        ("events.k8s.io/v1", "Event") => {
            for time in ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime"] {
                put(object, time, Value::Null);
            }
        }
        ("v1", "Endpoints") => each(object, "subsets", |subset| each(subset, "ports", tcp)),
        ("v1", "PersistentVolumeClaim") => claim(object),
        ("v1", "PersistentVolume") => volume(object),
        ("apps/v1", "Deployment") => in_spec(object, deployment),
        ("apps/v1", "ReplicaSet") => in_spec(object, replica_set),
        ("apps/v1", "StatefulSet") => in_spec(object, stateful_set),
        ("apps/v1", "DaemonSet") => in_spec(object, daemon_set),
        ("batch/v1", "Job") => in_spec(object, job),
        ("batch/v1", "CronJob") => in_spec(object, cron_job),
        ("networking.k8s.io/v1", "IngressClass") => in_spec(object, |spec| {
            within(spec, "parameters", |parameters| put(parameters, "scope", json!("Cluster")));
        }),
        ("networking.k8s.io/v1", "NetworkPolicy") => in_spec(object, network_policy),
        ("discovery.k8s.io/v1", "EndpointSlice") => {
            put(object, "endpoints", Value::Null);
            each(object, "ports", |port| {
                put(port, "name", json!(""));
                tcp(port);
            });
        }
        ("coordination.k8s.io/v1", "Lease") => in_spec(object, |spec| {
            // Fields of coordinated leader election, which is not on.
            spec.shift_remove("strategy");
            spec.shift_remove("preferredHolder");
        }),
        ("rbac.authorization.k8s.io/v1", "RoleBinding" | "ClusterRoleBinding") => binding(object),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => in_spec(object, autoscaler),
        ("storage.k8s.io/v1", "StorageClass") => {
            put(object, "reclaimPolicy", json!("Delete"));
            put(object, "volumeBindingMode", json!("Immediate"));
        }
        ("scheduling.k8s.io/v1", "PriorityClass") => {
            put(object, "preemptionPolicy", json!("PreemptLowerPriority"));
        }
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy") => in_spec(object, |spec| {
            put(spec, "failurePolicy", json!("Fail"));
            within(spec, "matchConstraints", match_resources);
        }),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding") => {
            in_spec(object, |spec| within(spec, "matchResources", match_resources));
        }
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition") => in_spec(object, definition),
        _ => {}
    }
}

/// Sets a field that is absent or `null`.
pub(super) fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if fields.get(name).is_none_or(Value::is_null) {
        fields.insert(name.to_owned(), value);
    }
}

/// Goes into a field that is an object.
pub(super) fn within(
    fields: &mut Map<String, Value>,
    name: &str,
    then: impl FnOnce(&mut Map<String, Value>),
) {
    if let Some(Value::Object(fields)) = fields.get_mut(name) {
        then(fields);
    }
}

/// Goes into every item of a field that is a list of objects.
pub(super) fn each(
    fields: &mut Map<String, Value>,
    name: &str,
    mut then: impl FnMut(&mut Map<String, Value>),
) {
    let items = fields.get_mut(name).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut).for_each(&mut then);
}

pub(super) fn in_spec(object: &mut Map<String, Value>, then: impl FnOnce(&mut Map<String, Value>)) {
    put(object, "spec", json!({}));
    within(object, "spec", then);
}

fn is(fields: &Map<String, Value>, name: &str, word: &str) -> bool {
    fields.get(name).and_then(Value::as_str) == Some(word)
}

pub(super) fn tcp(port: &mut Map<String, Value>) {
    put(port, "protocol", json!("TCP"));
}

fn deployment(spec: &mut Map<String, Value>) {
    template(spec);
    put(spec, "replicas", json!(1));
    put(spec, "strategy", json!({}));
    within(spec, "strategy", |strategy| {
        put(strategy, "type", json!("RollingUpdate"));
        if is(strategy, "type", "RollingUpdate") {
            put(strategy, "rollingUpdate", json!({}));
            within(strategy, "rollingUpdate", |rolling| {
                put(rolling, "maxUnavailable", json!("25%"));
                put(rolling, "maxSurge", json!("25%"));
            });
        }
    });
    put(spec, "revisionHistoryLimit", json!(10));
    put(spec, "progressDeadlineSeconds", json!(600));
}

fn replica_set(spec: &mut Map<String, Value>) {
    template(spec);
    put(spec, "replicas", json!(1));
}

fn stateful_set(spec: &mut Map<String, Value>) {
    template(spec);
    put(spec, "podManagementPolicy", json!("OrderedReady"));
    put(spec, "updateStrategy", json!({}));
    within(spec, "updateStrategy", |strategy| {
        put(strategy, "type", json!("RollingUpdate"));
        if is(strategy, "type", "RollingUpdate") {
            put(strategy, "rollingUpdate", json!({}));
            within(strategy, "rollingUpdate", |rolling| put(rolling, "partition", json!(0)));
        }
    });
    put(spec, "persistentVolumeClaimRetentionPolicy", json!({}));
    within(spec, "persistentVolumeClaimRetentionPolicy", |policy| {
        put(policy, "whenDeleted", json!("Retain"));
        put(policy, "whenScaled", json!("Retain"));
    });
    put(spec, "replicas", json!(1));
    put(spec, "revisionHistoryLimit", json!(10));
    each(spec, "volumeClaimTemplates", |template| {
        put(template, "apiVersion", json!("v1"));
        put(template, "kind", json!("PersistentVolumeClaim"));
        claim(template);
    });
}

fn daemon_set(spec: &mut Map<String, Value>) {
    template(spec);
    put(spec, "updateStrategy", json!({}));
    within(spec, "updateStrategy", |strategy| {
        put(strategy, "type", json!("RollingUpdate"));
        if is(strategy, "type", "RollingUpdate") {
            put(strategy, "rollingUpdate", json!({}));
            within(strategy, "rollingUpdate", |rolling| {
                put(rolling, "maxUnavailable", json!(1));
                put(rolling, "maxSurge", json!(0));
            });
        }
    });
    put(spec, "revisionHistoryLimit", json!(10));
}

fn job(spec: &mut Map<String, Value>) {
    template(spec);
    let set = |spec: &Map<String, Value>, name: &str| spec.get(name).is_some_and(|value| !value.is_null());
    if !set(spec, "completions") && !set(spec, "parallelism") {
        put(spec, "completions", json!(1));
    }
    put(spec, "parallelism", json!(1));
    if set(spec, "backoffLimitPerIndex") {
        put(spec, "backoffLimit", json!(i32::MAX));
    }
    put(spec, "backoffLimit", json!(6));
    put(spec, "completionMode", json!("NonIndexed"));
    put(spec, "suspend", json!(false));
    put(spec, "manualSelector", json!(false));
    let replaces = if set(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    put(spec, "podReplacementPolicy", json!(replaces));
}

fn cron_job(spec: &mut Map<String, Value>) {
    put(spec, "concurrencyPolicy", json!("Allow"));
    put(spec, "suspend", json!(false));
    put(spec, "successfulJobsHistoryLimit", json!(3));
    put(spec, "failedJobsHistoryLimit", json!(1));
    within(spec, "jobTemplate", |job| in_spec(job, template));
}

fn service(object: &mut Map<String, Value>) {
    in_spec(object, |spec| {
        put(spec, "type", json!("ClusterIP"));
        put(spec, "sessionAffinity", json!("None"));
        if is(spec, "sessionAffinity", "ClientIP") {
            put(spec, "sessionAffinityConfig", json!({ "clientIP": { "timeoutSeconds": 10_800 } }));
        }
        each(spec, "ports", |port| {
            tcp(port);
            let number = port.get("port").cloned().unwrap_or_default();
            if port.get("targetPort").is_none_or(|target| *target == json!(0) || *target == json!("")) {
                port.insert("targetPort".to_owned(), number);
            }
        });
        if is(spec, "type", "ExternalName") {
            return;
        }
        put(spec, "internalTrafficPolicy", json!("Cluster"));
        if is(spec, "type", "NodePort") || is(spec, "type", "LoadBalancer") {
            put(spec, "externalTrafficPolicy", json!("Cluster"));
        }
        if is(spec, "type", "LoadBalancer") {
            put(spec, "allocateLoadBalancerNodePorts", json!(true));
        }
    });
}

/// Readable data become bytes; the readable field itself is never stored.
fn secret(object: &mut Map<String, Value>) {
    put(object, "type", json!("Opaque"));
    let Some(Value::Object(readable)) = object.remove("stringData") else { return };
    put(object, "data", json!({}));
    within(object, "data", |data| {
        for (name, text) in readable {
            let bytes = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(name, Value::String(bytes));
        }
    });
}

fn namespace(object: &mut Map<String, Value>) {
    put(object, "spec", json!({}));
    put(object, "status", json!({}));
    within(object, "status", |status| put(status, "phase", json!("Active")));
    within(object, "metadata", |metadata| {
        let Some(name) = metadata.get("name").cloned() else { return };
        put(metadata, "labels", json!({}));
        within(metadata, "labels", |labels| {
            labels.insert("kubernetes.io/metadata.name".to_owned(), name);
        });
    });
}

fn claim(object: &mut Map<String, Value>) {
    in_spec(object, |spec| put(spec, "volumeMode", json!("Filesystem")));
    put(object, "status", json!({}));
    within(object, "status", |status| put(status, "phase", json!("Pending")));
}

fn volume(object: &mut Map<String, Value>) {
    in_spec(object, |spec| {
        put(spec, "persistentVolumeReclaimPolicy", json!("Retain"));
        put(spec, "volumeMode", json!("Filesystem"));
        within(spec, "hostPath", |source| put(source, "type", json!("")));
    });
    put(object, "status", json!({}));
    within(object, "status", |status| put(status, "phase", json!("Pending")));
}

fn network_policy(spec: &mut Map<String, Value>) {
    for direction in ["ingress", "egress"] {
        each(spec, direction, |rule| each(rule, "ports", tcp));
    }
    let outward = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    put(spec, "policyTypes", if outward { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
}

fn binding(object: &mut Map<String, Value>) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    within(object, "roleRef", |role| put(role, "apiGroup", json!(GROUP)));
    each(object, "subjects", |subject| {
        if is(subject, "kind", "User") || is(subject, "kind", "Group") {
            put(subject, "apiGroup", json!(GROUP));
        }
    });
}

fn autoscaler(spec: &mut Map<String, Value>) {
    put(spec, "minReplicas", json!(1));
    let target = json!({ "type": "Utilization", "averageUtilization": 80 });
    put(spec, "metrics", json!([{ "type": "Resource", "resource": { "name": "cpu", "target": target } }]));
    within(spec, "behavior", |behavior| {
        let pods = json!({ "type": "Pods", "value": 4, "periodSeconds": 15 });
        let percent = json!({ "type": "Percent", "value": 100, "periodSeconds": 15 });
        put(behavior, "scaleUp", json!({ "stabilizationWindowSeconds": 0 }));
        put(behavior, "scaleDown", json!({}));
        for (direction, policies) in
            [("scaleUp", json!([pods, percent.clone()])), ("scaleDown", json!([percent]))]
        {
            within(behavior, direction, |rules| {
                put(rules, "selectPolicy", json!("Max"));
                put(rules, "policies", policies);
                if direction == "scaleUp" {
                    put(rules, "stabilizationWindowSeconds", json!(0));
                }
            });
        }
    });
}

fn match_resources(matches: &mut Map<String, Value>) {
    put(matches, "matchPolicy", json!("Equivalent"));
    put(matches, "namespaceSelector", json!({}));
    put(matches, "objectSelector", json!({}));
    each(matches, "resourceRules", |rule| put(rule, "scope", json!("*")));
}

fn definition(spec: &mut Map<String, Value>) {
    put(spec, "conversion", json!({ "strategy": "None" }));
    within(spec, "names", |names| {
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        put(names, "singular", json!(kind.to_lowercase()));
        if !kind.is_empty() {
            put(names, "listKind", json!(format!("{kind}List")));
        }
    });
}
