//! By which fields the items of lists in Kubernetes' own kinds are told apart. Lists that are not here are replaced.

/// The merge keys of the list `field` below `parent`, in the kinds of `group`; empty for lists of plain values that
/// are merged as a set, and nothing for lists that are replaced as a whole.
#[must_use]
pub fn merge_keys(group: &str, kind: &str, parent: &str, field: &str) -> Option<&'static [&'static str]> {
    if !is_builtin(group) {
        return None;
    }
    Some(match (parent, field) {
        (
            _,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "volumes"
            | "env"
            | "imagePullSecrets"
            | "schedulingGates"
            | "webhooks"
            | "resourceClaims",
        ) => &["name"],
        ("", "secrets") if kind == "ServiceAccount" => &["name"],
        (_, "volumeMounts") => &["mountPath"],
        (_, "volumeDevices") => &["devicePath"],
        ("spec", "ports") if kind == "Service" => &["port", "protocol"],
        (_, "ports") if is_workload(kind) => &["containerPort", "protocol"],
        (_, "hostAliases") => &["ip"],
        (_, "topologySpreadConstraints") => &["topologyKey", "whenUnsatisfiable"],
        ("metadata", "ownerReferences") => &["uid"],
        ("status", "conditions") => &["type"],
        ("metadata", "finalizers") => &[],
        _ => return None,
    })
}

fn is_workload(kind: &str) -> bool {
    matches!(
        kind,
        "Pod"
            | "PodTemplate"
            | "ReplicationController"
            | "Deployment"
            | "ReplicaSet"
            | "StatefulSet"
            | "DaemonSet"
            | "Job"
            | "CronJob"
    )
}

/// Whether `group` is one of Kubernetes' own, whose lists have merge keys.
fn is_builtin(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "autoscaling" | "policy") || {
        group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io")
    }
}
