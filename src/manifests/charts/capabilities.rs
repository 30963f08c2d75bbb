//! What a chart is told about the cluster: `.Capabilities`.

use super::template::{KubeVersion, Object, Value};

/// The cluster's version and the kinds of objects that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The version of Kubernetes, such as `v1.34.1`.
    pub kube_version: String,
    /// Groups with versions (`apps/v1`), and also kinds (`apps/v1/Deployment`).
    pub api_versions: Vec<String>,
}

/// The groups and versions that Helm takes for granted where it asks no cluster.
const KNOWN: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1beta1",
    "admissionregistration.k8s.io/v1alpha1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta2",
    "apps/v1beta1",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1beta1",
    "authentication.k8s.io/v1alpha1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v2",
    "autoscaling/v1",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1alpha2",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1alpha1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1alpha1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

impl Default for Capabilities {
    /// What Helm assumes without a cluster.
    fn default() -> Self {
        Self {
            kube_version: "v1.36.0".to_owned(),
            api_versions: KNOWN.iter().map(|&version| version.to_owned()).collect(),
        }
    }
}

impl Capabilities {
    pub(super) fn value(&self) -> Value {
        Value::object(Object::Capabilities { kube: self.kube(), apis: self.api_versions.clone() })
    }

    /// The version without what a vendor adds to it.
    pub(super) fn kube(&self) -> KubeVersion {
        let bare = self.kube_version.strip_prefix('v').unwrap_or(&self.kube_version);
        let end = bare.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(bare.len());
        let numbers = &bare[..end];
        let mut parts = numbers.split('.');
        let mut part = || parts.next().filter(|part| !part.is_empty()).unwrap_or("0").to_owned();
        let (major, minor) = (part(), part());
        KubeVersion { version: format!("v{bare}"), normalized: format!("v{numbers}"), major, minor }
    }
}
