//! HelmRelease: a chart that is kept installed.
//! <https://fluxcd.io/flux/components/helm/helmreleases/>

use std::time::Duration;

use kube::{CustomResource, ResourceExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    CommonMetadata, CustomHealthCheck, Dependency, HelmReleaseStatus, ImageOverride, Install, Patch,
    PatchTarget, Rollback, Test, Uninstall, Upgrade,
};
use crate::objects::parse_duration;

/// The longest name of a release.
const NAME_LIMIT: usize = 53;

/// Which chart is installed, with which values, and how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "helm.toolkit.fluxcd.io",
    version = "v2",
    kind = "HelmRelease",
    plural = "helmreleases",
    singular = "helmrelease",
    shortname = "hr",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-appliers",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "HelmReleaseStatus",
    printcolumn = r#"{"jsonPath":".metadata.creationTimestamp","name":"Age","type":"date"}"#,
    printcolumn = r#"{"jsonPath":".status.conditions[?(@.type==\"Ready\")].status","name":"Ready","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".status.conditions[?(@.type==\"Ready\")].message","name":"Status","type":"string"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseSpec {
    /// The chart, as a `HelmChart` that is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<ChartTemplate>,
    /// The chart, as an object that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart_ref: Option<ChartReference>,
    /// Labels and annotations of all objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_metadata: Option<CommonMetadata>,
    /// What must be ready before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Vec<Dependency>>,
    /// Whether changes by others are looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_detection: Option<DriftDetection>,
    /// How the health of custom resources is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_exprs: Option<Vec<CustomHealthCheck>>,
    /// How it is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Install>,
    /// How often to look.
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub interval: String,
    /// How many releases the storage keeps; five when it is left out, all for zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_history: Option<usize>,
    /// Without effect here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_client: Option<bool>,
    /// What changes the rendered objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_renderers: Option<Vec<PostRenderer>>,
    /// The name of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 53))]
    pub release_name: Option<String>,
    /// How it is rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// The `ServiceAccount` to act as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub service_account_name: Option<String>,
    /// Where the releases are stored; the own namespace when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub storage_namespace: Option<String>,
    /// Whether to leave it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// Where it is installed; the own namespace when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub target_namespace: Option<String>,
    /// How it is tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Test>,
    /// The limit of each action; five minutes when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub timeout: Option<String>,
    /// How it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uninstall: Option<Uninstall>,
    /// How it is upgraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Upgrade>,
    /// Values; they win over `valuesFrom`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub values: Option<Map<String, Value>>,
    /// Where more values are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_from: Option<Vec<ValuesReference>>,
}

impl HelmReleaseSpec {
    /// The interval; one that cannot be read is taken as a minute.
    #[must_use]
    pub fn interval(&self) -> Duration {
        parse_duration(&self.interval).unwrap_or(Duration::from_secs(60))
    }

    /// The limit of an action, which may have its own.
    #[must_use]
    pub fn timeout(&self, own: Option<&String>) -> Duration {
        let given = own.or(self.timeout.as_ref()).and_then(|text| parse_duration(text).ok());
        given.unwrap_or(Duration::from_secs(300))
    }
}

impl HelmRelease {
    /// The release's name, shortened as Flux does it.
    #[must_use]
    pub fn release_name(&self) -> String {
        use sha2::Digest as _;
        let spec = &self.spec;
        let name = match (&spec.release_name, &spec.target_namespace) {
            (Some(name), _) => name.clone(),
            (None, Some(namespace)) => format!("{namespace}-{}", self.name_any()),
            (None, None) => self.name_any(),
        };
        if name.len() <= NAME_LIMIT {
            return name;
        }
        let hash = format!("{:x}", sha2::Sha256::digest(name.as_bytes()));
        format!("{}-{}", &name[..NAME_LIMIT - 13], &hash[..12])
    }

    /// Where it is installed.
    #[must_use]
    pub fn release_namespace(&self) -> String {
        self.spec.target_namespace.clone().or_else(|| self.namespace()).unwrap_or_default()
    }

    /// Where its releases are stored.
    #[must_use]
    pub fn storage_namespace(&self) -> String {
        self.spec.storage_namespace.clone().or_else(|| self.namespace()).unwrap_or_default()
    }
}

/// What a `HelmChart` is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartTemplate {
    /// Its labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<CommonMetadata>,
    /// Its spec.
    pub spec: ChartTemplateSpec,
}

/// The spec of a `HelmChart`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartTemplateSpec {
    /// The name of the chart, or its folder in the source.
    #[schemars(length(min = 1, max = 2048))]
    pub chart: String,
    /// Whether files of `valuesFiles` may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_missing_values_files: Option<bool>,
    /// How often to look; as the HelmRelease when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub interval: Option<String>,
    /// Whether there is a new chart with a new version, or with each revision of the source.
    #[serde(default = "super::helm_chart::default_strategy")]
    #[schemars(extend("enum" = ["ChartVersion", "Revision"]))]
    pub reconcile_strategy: String,
    /// Where the chart comes from.
    pub source_ref: TemplateSourceReference,
    /// Files that become the chart's values, the last one wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_files: Option<Vec<String>>,
    /// A version or a range.
    #[serde(default = "super::helm_chart::default_version")]
    pub version: String,
}

/// Names a source of charts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateSourceReference {
    /// Group and version; not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// A kind of source.
    #[schemars(extend("enum" = ["HelmRepository", "GitRepository", "Bucket"]))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace; the same when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Names an object with a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartReference {
    /// Group and version; not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The kind.
    #[schemars(extend("enum" = ["OCIRepository", "HelmChart", "ExternalArtifact"]))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace; the same when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Whether changes by others are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftDetection {
    /// What does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<IgnoreRule>>,
    /// `enabled` undoes them, `warn` tells them only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["enabled", "warn", "disabled"]))]
    pub mode: Option<String>,
}

/// Fields that may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IgnoreRule {
    /// JSON pointers.
    pub paths: Vec<String>,
    /// Of which objects; of all when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<PatchTarget>,
}

/// What changes the rendered objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostRenderer {
    /// With patches and images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<PostKustomize>,
}

/// What a kustomization would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostKustomize {
    /// Other images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<ImageOverride>>,
    /// Patches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches: Option<Vec<Patch>>,
}

/// A ConfigMap or Secret with values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValuesReference {
    /// `Secret` or `ConfigMap`.
    #[schemars(extend("enum" = ["Secret", "ConfigMap"]))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Whether it may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Where the one value goes, as `helm --set` has it; the whole document when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    pub target_path: Option<String>,
    /// The key in it; `values.yaml` when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub values_key: Option<String>,
}
