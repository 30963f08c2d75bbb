//! Which file knows the cells of which kind.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{access, age, cluster, custom, network, pods, storage, workloads};
use crate::apiserver::types::Kind;

/// The cells of an object, one for each heading of its kind.
pub(crate) fn row(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    if let Some(columns) = &kind.columns {
        return custom::cells(columns, object, now);
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pods::cells(object, now),
        ("", "Service") => network::service(object, now),
        ("", "Endpoints") => network::endpoints(object, now),
        ("discovery.k8s.io", "EndpointSlice") => network::endpoint_slice(object, now),
        ("networking.k8s.io", "Ingress") => network::ingress(object, now),
        ("networking.k8s.io", "IngressClass") => network::ingress_class(object, now),
        ("networking.k8s.io", "NetworkPolicy") => network::policy(object, now),
        ("", "Namespace") => cluster::namespace(object, now),
        ("", "Node") => cluster::node(object, now),
        ("", "Secret") => cluster::secret(object, now),
        ("", "ConfigMap") => cluster::config_map(object, now),
        ("", "ServiceAccount") => cluster::service_account(object, now),
        ("" | "events.k8s.io", "Event") => cluster::event(object, now),
        ("", "ResourceQuota") => cluster::quota(object, now),
        ("coordination.k8s.io", "Lease") => cluster::lease(object, now),
        ("scheduling.k8s.io", "PriorityClass") => cluster::priority_class(object, now),
        ("policy", "PodDisruptionBudget") => cluster::disruption_budget(object, now),
        ("", "PersistentVolume") => storage::volume(object, now),
        ("", "PersistentVolumeClaim") => storage::claim(object, now),
        ("storage.k8s.io", "StorageClass") => storage::class(object, now),
        ("apps", "Deployment") => workloads::deployment(object, now),
        ("apps", "ReplicaSet") => workloads::replica_set(object, now),
        ("apps", "StatefulSet") => workloads::stateful_set(object, now),
        ("apps", "DaemonSet") => workloads::daemon_set(object, now),
        ("apps", "ControllerRevision") => workloads::revision(object, now),
        ("batch", "Job") => workloads::job(object, now),
        ("batch", "CronJob") => workloads::cron_job(object, now),
        ("autoscaling", "HorizontalPodAutoscaler") => workloads::autoscaler(object, now),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => access::binding(object, now),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => access::policy(object, now),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            access::policy_binding(object, now)
        }
        _ => vec![name(object), object["metadata"]["creationTimestamp"].clone()],
    }
}

/// The cell of the object's name.
pub(super) fn name(object: &Value) -> Value {
    json!(object["metadata"]["name"].as_str().unwrap_or_default())
}

/// The cell of the object's age.
pub(super) fn created(object: &Value, now: Timestamp) -> Value {
    json!(age::since(&object["metadata"]["creationTimestamp"], now))
}

/// A text, or other words where there is none.
pub(super) fn text_or<'a>(value: &'a Value, none: &'a str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(none)
}

/// The items of a list, or none.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A number, or 0.
pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Texts with commas between them, or other words where there are none.
pub(super) fn joined(texts: impl IntoIterator<Item = String>, none: &str) -> String {
    let all = texts.into_iter().collect::<Vec<_>>().join(",");
    if all.is_empty() { none.to_owned() } else { all }
}
