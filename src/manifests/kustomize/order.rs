//! The order of the output: by kind, so that what others need comes first.

use super::resource::Resource;

const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as kustomize's `legacy` order does.
pub(super) fn sort(resources: &mut [Resource]) {
    let rank = |kind: &str| -> i32 {
        let at = |list: &[&str]| {
            list.iter().position(|entry| *entry == kind).and_then(|at| i32::try_from(at).ok())
        };
        at(&FIRST).map(|at| at - 100).or_else(|| at(&LAST).map(|at| at + 1)).unwrap_or(0)
    };
    resources.sort_by_cached_key(|resource| {
        let id = resource.identity();
        let or = |text: String, empty: &str| if text.is_empty() { empty.to_owned() } else { text };
        let class = format!("{}_{}_{}", or(id.group, "~G"), or(id.version, "~V"), id.kind);
        let own = format!("{}|{}", or(id.namespace, "~X"), or(id.name, "~N"));
        (rank(&id.kind), class, own)
    });
}
