//! Which rule speaks for which kind: the only list.

use std::sync::{MutexGuard, PoisonError};

use serde_json::Value;

use super::{
    bindings, daemonsets, definitions, jobs, limits, namespaces, nodes, pods, policies, services, volumes,
};
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::types::Kind;

const BINDINGS: &str = "rolebindings.rbac.authorization.k8s.io";
const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const POLICY_BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";
const CLUSTER_BINDINGS: &str = "clusterrolebindings.rbac.authorization.k8s.io";

/// Completes a new object, or refuses it.
pub(crate) fn on_create(server: &Server, target: &Target, object: &mut Value) -> Result<(), Status> {
    namespaces::check(server, target, object)?;
    match target.kind.storage().as_str() {
        "namespaces" => namespaces::complete(object),
        "jobs.batch" => jobs::complete(object),
        "daemonsets.apps" => daemonsets::complete(object),
        "pods" => {
            limits::apply(server, target, object)?;
            pods::complete(server, target, object)?;
        }
        "limitranges" => limits::complete(object),
        "nodes" => nodes::complete(object),
        "persistentvolumeclaims" => {
            limits::claim(server, target, object)?;
            volumes::complete_source(object);
            volumes::protect(object, "kubernetes.io/pvc-protection");
        }
        "persistentvolumes" => volumes::protect(object, "kubernetes.io/pv-protection"),
        "services" => services::complete(server, target, None, object)?,
        "customresourcedefinitions.apiextensions.k8s.io" => definitions::complete(object),
        BINDINGS | CLUSTER_BINDINGS => bindings::complete(object),
        POLICIES => policies::complete_policy(server, object)?,
        POLICY_BINDINGS => policies::complete_binding(object)?,
        _ => {}
    }
    Ok(())
}

/// Completes a changed object, or refuses it.
pub(crate) fn on_update(
    server: &Server,
    target: &Target,
    old: &Value,
    object: &mut Value,
) -> Result<(), Status> {
    match target.kind.storage().as_str() {
        "namespaces" => namespaces::keep(old, object),
        "nodes" => nodes::keep(old, object),
        "pods" => pods::keep(object),
        "daemonsets.apps" => daemonsets::keep(old, object),
        "services" => services::complete(server, target, Some(old), object)?,
        "persistentvolumeclaims" => limits::claim(server, target, object)?,
        "customresourcedefinitions.apiextensions.k8s.io" => definitions::complete(object),
        BINDINGS | CLUSTER_BINDINGS => bindings::complete(object),
        POLICIES => policies::complete_policy(server, object)?,
        POLICY_BINDINGS => policies::complete_binding(object)?,
        _ => {}
    }
    Ok(())
}

impl Server {
    /// Held while an address is chosen and until it is stored.
    pub(crate) fn choosing(&self, kind: &Kind) -> Option<MutexGuard<'_, ()>> {
        let chooses = kind.group.is_empty() && kind.plural == "services";
        chooses.then(|| self.addresses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
