//! Which check speaks for which built-in kind: the only list.

use serde_json::Value;

use super::field::{Errors, Field};
use super::{
    access, admission, autoscalers, batch, budgets, changes, config, definitions, events, ingresses,
    network_policies,
};
use super::{pods, quotas, services, slices, storage, workloads};
use crate::apiserver::types::Kind;

/// Checks what is particular to a built-in kind, of a new object or of one that takes the place of `old`.
pub(super) fn validate(kind: &Kind, object: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (root, spec) = (Field::new(object, ""), Field::new(&object["spec"], "spec"));
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => {
            pods::spec(spec.value, "spec", errors);
            if old.is_none() {
                pods::new(spec.value, errors);
            }
        }
        ("", "Service") => services::validate(&spec, errors),
        ("", "Endpoints") => services::endpoints(&root, errors),
        ("", "ConfigMap") => config::map(&root, errors),
        ("", "Secret") => config::secret(&root, errors),
        ("", "Namespace") => config::namespace(&spec, errors),
        ("", "Node") => config::node(&spec, errors),
        ("", "Event") => events::core(&root, errors),
        ("events.k8s.io", "Event") => events::validate(&root, old.is_none(), errors),
        ("", "ResourceQuota") => quotas::quota(&spec, errors),
        ("", "LimitRange") => quotas::limits(&spec, errors),
        ("", "PersistentVolumeClaim") => storage::claim(&spec, errors),
        ("", "PersistentVolume") => storage::volume(&spec, errors),
        ("storage.k8s.io", "StorageClass") => storage::class(&root, errors),
        ("apps", "Deployment") => workloads::deployment(&spec, errors),
        ("apps", "ReplicaSet") => workloads::replica_set(&spec, errors),
        ("apps", "StatefulSet") => workloads::stateful_set(&spec, errors),
        ("apps", "DaemonSet") => workloads::daemon_set(&spec, errors),
        ("apps", "ControllerRevision") => workloads::revision(&root, errors),
        ("batch", "Job") => batch::job(&root, errors),
        ("batch", "CronJob") => batch::cron_job(&spec, errors),
        ("policy", "PodDisruptionBudget") => budgets::validate(&spec, errors),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscalers::validate(&spec, errors),
        ("networking.k8s.io", "Ingress") => ingresses::validate(&root, old.is_none(), errors),
        ("networking.k8s.io", "IngressClass") => ingresses::class(&spec, errors),
        ("networking.k8s.io", "NetworkPolicy") => network_policies::validate(&spec, errors),
        ("discovery.k8s.io", "EndpointSlice") => slices::validate(&root, errors),
        ("rbac.authorization.k8s.io", "Role") => access::role(&root, true, errors),
        ("rbac.authorization.k8s.io", "ClusterRole") => access::role(&root, false, errors),
        ("rbac.authorization.k8s.io", "RoleBinding") => access::binding(&root, true, errors),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding") => access::binding(&root, false, errors),
        ("scheduling.k8s.io", "PriorityClass") => config::priority(&root, errors),
        ("coordination.k8s.io", "Lease") => config::lease(&spec, errors),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => admission::policy(&spec, errors),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            admission::binding(&spec, errors);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definitions::validate(&root, errors),
        _ => {}
    }
    if let Some(old) = old {
        changes::validate(kind, &Field::new(old, ""), &root, errors);
    }
}
