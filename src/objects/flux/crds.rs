//! The definitions of Flux's kinds, as the operator's manifest installs them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, ValidationRule,
};
use kube::CustomResourceExt as _;
use serde_json::json;

use super::bucket;
use super::{
    Bucket, ExternalArtifact, GitRepository, HelmChart, HelmRelease, HelmRepository, Kustomization,
    OCIRepository, Receiver,
};

/// How a release names its chart.
const RELEASE_RULE: (&str, &str) = (
    "(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))",
    "either chart or chartRef must be set",
);

/// The generation that a status starts with, before a controller has seen the object.
pub(super) fn never_observed() -> i64 {
    -1
}

/// The definitions, made from the types. Each status starts as `observedGeneration: -1`, as with the real ones.
#[must_use]
pub fn crds() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![
        Bucket::crd(),
        ExternalArtifact::crd(),
        GitRepository::crd(),
        HelmChart::crd(),
        HelmRepository::crd(),
        OCIRepository::crd(),
        Kustomization::crd(),
        HelmRelease::crd(),
        Receiver::crd(),
    ];
    for crd in &mut crds {
        crd.metadata.labels = Some([("app.kubernetes.io/part-of".to_owned(), "flux".to_owned())].into());
        for version in &mut crd.spec.versions {
            let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut());
            let Some(properties) = schema.and_then(|schema| schema.properties.as_mut()) else { continue };
            let rules = rules(&crd.spec.names.kind);
            if let Some(spec) = properties.get_mut("spec").filter(|_| !rules.is_empty()) {
                spec.x_kubernetes_validations = Some(rules);
            }
            // Nothing observes an `ExternalArtifact`.
            if crd.spec.names.kind != "ExternalArtifact"
                && let Some(status) = properties.get_mut("status")
            {
                status.default = Some(JSON(json!({ "observedGeneration": -1 })));
                status.nullable = None;
            }
        }
    }
    crds
}

/// What holds for the spec of a kind.
fn rules(kind: &str) -> Vec<ValidationRule> {
    let rules = match kind {
        "HelmRelease" => std::slice::from_ref(&RELEASE_RULE),
        "Bucket" => &bucket::RULES,
        _ => &[],
    };
    let rule = |(rule, message): &(&str, &str)| ValidationRule {
        rule: (*rule).to_owned(),
        message: Some((*message).to_owned()),
        ..ValidationRule::default()
    };
    rules.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crd(kind: &str) -> serde_json::Value {
        let all = crds();
        let found = all.iter().find(|crd| crd.spec.names.kind == kind).unwrap();
        serde_json::to_value(found).unwrap()
    }

    #[test]
    fn names_columns_and_defaults_are_those_of_flux() {
        let crd = crd("Kustomization");
        assert_eq!(
            crd["spec"]["names"],
            json!({
                "categories": ["all", "fluxcd", "fluxcd-appliers"], "kind": "Kustomization",
                "plural": "kustomizations", "shortNames": ["ks"], "singular": "kustomization",
            })
        );
        let version = &crd["spec"]["versions"][0];
        assert_eq!(
            version["additionalPrinterColumns"],
            json!([
                { "jsonPath": ".metadata.creationTimestamp", "name": "Age", "type": "date" },
                { "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "name": "Ready", "type": "string" },
                { "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message", "name": "Status",
                  "type": "string" },
            ])
        );
        let schema = &version["schema"]["openAPIV3Schema"]["properties"];
        assert_eq!(schema["status"]["default"], json!({ "observedGeneration": -1 }));
        assert_eq!(schema["spec"]["properties"]["force"]["default"], json!(false));
        assert_eq!(schema["spec"]["required"], json!(["interval", "prune", "sourceRef"]));
    }

    #[test]
    fn sources_and_receivers_have_their_defaults() {
        let schema = crd("GitRepository")["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
        let spec = &schema["properties"]["spec"];
        assert_eq!(spec["properties"]["timeout"]["default"], "60s");
        assert_eq!(spec["required"], json!(["interval", "url"]));
        let schema = crd("Receiver")["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take();
        assert_eq!(schema["properties"]["spec"]["properties"]["interval"]["default"], "10m");
        assert_eq!(schema["properties"]["spec"]["required"], json!(["resources", "type"]));
    }
}
