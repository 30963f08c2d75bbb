//! The headings of each kind, as data.

use crate::apiserver::types::Kind;

/// A heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// What stands above the column.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// `name` for the column of names.
    pub format: String,
    /// For people.
    pub description: String,
    /// Above 0 only for wide output.
    pub priority: i64,
}

/// The headings of each built-in kind. A star is for wide output only, a type other than text follows a colon.
const COLUMNS: [(&str, &str, &str); 36] = [
    ("", "Pod", "Name Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*"),
    ("", "Service", "Name Type Cluster-IP External-IP Port(s) Age Selector*"),
    ("", "Endpoints", "Name Endpoints Age"),
    ("", "Namespace", "Name Status Age"),
    (
        "",
        "Node",
        "Name Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version* Container-Runtime*",
    ),
    ("", "Secret", "Name Type Data Age"),
    ("", "ConfigMap", "Name Data Age"),
    ("", "ServiceAccount", "Name Secrets Age"),
    ("", "Event", "Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name*"),
    (
        "events.k8s.io",
        "Event",
        "Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name*",
    ),
    ("", "ResourceQuota", "Name Request Limit Age"),
    ("", "LimitRange", "Name Created_At:date"),
    (
        "",
        "PersistentVolume",
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age VolumeMode*",
    ),
    (
        "",
        "PersistentVolumeClaim",
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age VolumeMode*",
    ),
    ("apps", "Deployment", "Name Ready Up-to-date Available Age Containers* Images* Selector*"),
    (
        "apps",
        "ReplicaSet",
        "Name Desired:integer Current:integer Ready:integer Age Containers* Images* Selector*",
    ),
    ("apps", "StatefulSet", "Name Ready Age Containers* Images*"),
    (
        "apps",
        "DaemonSet",
        "Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer Node_Selector Age Containers* Images* Selector*",
    ),
    ("apps", "ControllerRevision", "Name Controller Revision Age"),
    ("batch", "Job", "Name Status Completions Duration Age Containers* Images* Selector*"),
    (
        "batch",
        "CronJob",
        "Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age Containers* Images* Selector*",
    ),
    ("networking.k8s.io", "Ingress", "Name Class Hosts Address Ports Age"),
    ("networking.k8s.io", "IngressClass", "Name Controller Parameters Age"),
    ("networking.k8s.io", "NetworkPolicy", "Name Pod-Selector Age"),
    ("discovery.k8s.io", "EndpointSlice", "Name AddressType Ports Endpoints Age"),
    ("policy", "PodDisruptionBudget", "Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age"),
    ("autoscaling", "HorizontalPodAutoscaler", "Name Reference Targets MinPods MaxPods Replicas Age"),
    ("coordination.k8s.io", "Lease", "Name Holder Age"),
    (
        "storage.k8s.io",
        "StorageClass",
        "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age",
    ),
    ("scheduling.k8s.io", "PriorityClass", "Name Value:integer Global-Default:boolean Age PreemptionPolicy"),
    ("rbac.authorization.k8s.io", "RoleBinding", "Name Role Age Users* Groups* ServiceAccounts*"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", "Name Role Age Users* Groups* ServiceAccounts*"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "Name Validations:integer ParamKind Age"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", "Name PolicyName ParamRef Age"),
    ("rbac.authorization.k8s.io", "Role", PLAIN),
    ("rbac.authorization.k8s.io", "ClusterRole", PLAIN),
];

/// The headings of the other built-in kinds.
const PLAIN: &str = "Name Created_At:date";

/// The headings of a kind.
pub(crate) fn columns(kind: &Kind) -> Vec<Column> {
    if let Some(custom) = &kind.columns {
        let asked = custom.iter().map(|column| Column {
            name: column.name.clone(),
            kind: column.kind.clone(),
            format: column.format.clone(),
            description: column.description.clone(),
            priority: column.priority,
        });
        return std::iter::once(read("Name")).chain(asked).collect();
    }
    let known = COLUMNS.iter().find(|(group, name, _)| *group == kind.group && *name == kind.kind);
    known.map_or(PLAIN, |(_, _, words)| words).split(' ').map(read).collect()
}

fn read(word: &str) -> Column {
    let (word, kind) = word.split_once(':').unwrap_or((word, "string"));
    let (name, wide) = word.strip_suffix('*').map_or((word, false), |name| (name, true));
    Column {
        name: name.replace('_', " "),
        kind: kind.to_owned(),
        format: if name == "Name" { "name".to_owned() } else { String::new() },
        description: String::new(),
        priority: i64::from(wide),
    }
}
