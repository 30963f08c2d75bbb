//! The operator's manifest: what makes a cluster one with Flux. Applying it installs the operator.

use serde_json::Value;

use crate::manifests::yaml::read_documents;
use crate::objects::flux;

/// The parts that are the same everywhere, in the order of applying; the definitions come after the namespace.
const STATIC: [&str; 6] = [
    include_str!("../../templates/flux/namespace.yaml"),
    include_str!("../../templates/flux/access.yaml"),
    include_str!("../../templates/flux/source-controller.yaml"),
    include_str!("../../templates/flux/kustomize-controller.yaml"),
    include_str!("../../templates/flux/helm-controller.yaml"),
    include_str!("../../templates/flux/notification-controller.yaml"),
];

/// All objects of the operator, in the order in which they can be applied.
#[must_use]
pub fn manifest() -> Vec<Value> {
    let parts = STATIC.map(|text| read_documents(text).expect("the templates are read by a test"));
    let [namespace, rest @ ..] = parts;
    let definitions = flux::crds().into_iter().map(|crd| {
        let mut crd = serde_json::to_value(crd).expect("a definition is data");
        crd["apiVersion"] = "apiextensions.k8s.io/v1".into();
        crd["kind"] = "CustomResourceDefinition".into();
        crd
    });
    namespace.into_iter().chain(definitions).chain(rest.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_has_the_objects_of_the_real_operator() {
        let manifest = manifest();
        let shown = manifest.iter().map(|object| {
            assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/part-of"], "flux", "{object}");
            format!("{}/{}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
        });
        let expected = [
            "Namespace/flux-system",
            "CustomResourceDefinition/buckets.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/externalartifacts.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/gitrepositories.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/helmcharts.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/helmrepositories.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/ocirepositories.source.toolkit.fluxcd.io",
            "CustomResourceDefinition/kustomizations.kustomize.toolkit.fluxcd.io",
            "CustomResourceDefinition/helmreleases.helm.toolkit.fluxcd.io",
            "CustomResourceDefinition/receivers.notification.toolkit.fluxcd.io",
            "ServiceAccount/source-controller",
            "ServiceAccount/kustomize-controller",
            "ServiceAccount/helm-controller",
            "ServiceAccount/notification-controller",
            "ClusterRole/crd-controller-flux-system",
            "ClusterRole/flux-edit-flux-system",
            "ClusterRole/flux-view-flux-system",
            "ClusterRoleBinding/crd-controller-flux-system",
            "ClusterRoleBinding/cluster-reconciler-flux-system",
            "Deployment/source-controller",
            "Service/source-controller",
            "Deployment/kustomize-controller",
            "Deployment/helm-controller",
            "Deployment/notification-controller",
            "Service/notification-controller",
            "Service/webhook-receiver",
        ];
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }
}
