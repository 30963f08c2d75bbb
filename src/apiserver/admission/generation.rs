//! Which kinds count their generations. A table of facts.

use crate::apiserver::types::Kind;

/// Whether `metadata.generation` is kept for a kind.
pub(crate) fn has_generation(kind: &Kind) -> bool {
    if kind.is_custom() {
        return true;
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("apps", plural) => plural != "controllerrevisions",
        ("batch" | "policy" | "admissionregistration.k8s.io" | "apiextensions.k8s.io", _)
        | ("", "pods" | "replicationcontrollers")
        | ("networking.k8s.io", "ingresses" | "ingressclasses" | "networkpolicies")
        | ("discovery.k8s.io", "endpointslices")
        | ("scheduling.k8s.io", "priorityclasses") => true,
        _ => false,
    }
}
