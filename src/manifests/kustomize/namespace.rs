//! `namespace`: all objects into one namespace.

use std::collections::BTreeSet;

use super::Error;
use super::resource::Resource;

/// Sets the namespace of all objects that have one, and of the default service accounts in role bindings.
pub(super) fn set_namespace(resources: &mut [Resource], namespace: &str) -> Result<(), Error> {
    for resource in resources.iter_mut() {
        let identity = resource.identity();
        if identity.is_namespaced() {
            resource.set_metadata("namespace", namespace);
        } else if identity.kind == "Namespace" && identity.group.is_empty() {
            resource.set_metadata("name", namespace);
        }
        if matches!(identity.kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
            let subjects = resource.object.get_mut("subjects").and_then(serde_json::Value::as_array_mut);
            for subject in subjects.into_iter().flatten() {
                if subject["kind"] == "ServiceAccount" && subject["name"] == "default" {
                    subject["namespace"] = namespace.into();
                }
            }
        }
        if identity.kind.ends_with("WebhookConfiguration") {
            super::field_paths::visit(
                &mut resource.object,
                "webhooks[]/clientConfig/service/namespace",
                false,
                &mut |value| *value = namespace.into(),
            );
        }
    }
    let mut seen = BTreeSet::new();
    let twice = resources.iter().map(Resource::identity).find(|identity| !seen.insert(identity.clone()));
    let Some(twice) = twice else { return Ok(()) };
    let same = resources.iter().map(Resource::identity).filter(|identity| *identity == twice);
    Err(Error::NamespaceConflict { ids: same.map(|identity| identity.to_string()).collect() })
}
