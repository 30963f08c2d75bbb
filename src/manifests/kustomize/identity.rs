//! What a resource is called: group, version, kind, namespace and name.

use serde_json::Value;

/// The kinds that have no namespace. Kinds that are not known have one.
const CLUSTER_WIDE: [&str; 27] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "StorageClass",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// A resource's identity at some moment of the build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Identity {
    pub(super) fn of(object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let api_version = text("/apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text("/kind"),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }

    /// Whether objects of this kind are in namespaces.
    pub(super) fn is_namespaced(&self) -> bool {
        !CLUSTER_WIDE.contains(&self.kind.as_str())
    }

    /// The namespace, where none stands for `default`.
    pub(super) fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if !self.is_namespaced() => "",
            "" => "default",
            namespace => namespace,
        }
    }

    /// The object's own, however its namespace is written: equal for two that are the same object.
    pub(super) fn object(self) -> Self {
        let namespace = self.effective_namespace().to_owned();
        Self { namespace, ..self }
    }

    /// Whether a reference by group, kind, name and namespace means this.
    pub(super) fn is_same_object(&self, other: &Self) -> bool {
        self.group == other.group
            && self.version == other.version
            && self.kind == other.kind
            && self.name == other.name
            && self.effective_namespace() == other.effective_namespace()
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        let (version, group) = (or(&self.version, "[noVer]"), or(&self.group, "[noGrp]"));
        let namespace = or(&self.namespace, "[noNs]");
        write!(formatter, "{}.{version}.{group}/{}.{namespace}", self.kind, self.name)
    }
}
