//! `HelmChart`: a chart of a repository, or built from a folder of another source.
//! <https://fluxcd.io/flux/components/source/helmcharts/>

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SourceStatus;

/// Which chart, and how often to look.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "source.toolkit.fluxcd.io",
    version = "v1",
    kind = "HelmChart",
    plural = "helmcharts",
    singular = "helmchart",
    shortname = "hc",
    category = "all",
    category = "fluxcd",
    category = "fluxcd-sources",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "SourceStatus",
    printcolumn = r#"{"jsonPath":".spec.chart","name":"Chart","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".spec.version","name":"Version","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".spec.sourceRef.kind","name":"Source Kind","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".spec.sourceRef.name","name":"Source Name","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".metadata.creationTimestamp","name":"Age","type":"date"}"#,
    printcolumn = r#"{"jsonPath":".status.conditions[?(@.type==\"Ready\")].status","name":"Ready","type":"string"}"#,
    printcolumn = r#"{"jsonPath":".status.conditions[?(@.type==\"Ready\")].message","name":"Status","type":"string"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartSpec {
    /// The name of the chart, or its folder in the source.
    pub chart: String,
    /// Whether files of `valuesFiles` may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_missing_values_files: Option<bool>,
    /// How often to look.
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"))]
    pub interval: String,
    /// Whether there is a new chart with a new version, or with each revision of the source.
    #[serde(default = "default_strategy")]
    #[schemars(extend("enum" = ["ChartVersion", "Revision"]))]
    pub reconcile_strategy: String,
    /// Where the chart comes from.
    pub source_ref: ChartSourceReference,
    /// Whether to stop looking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// Files that become the chart's values, the last one wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_files: Option<Vec<String>>,
    /// A version or a range; of a chart of a `HelmRepository` only.
    #[serde(default = "default_version")]
    pub version: String,
}

pub(super) fn default_strategy() -> String {
    "ChartVersion".to_owned()
}

pub(super) fn default_version() -> String {
    "*".to_owned()
}

/// Names a source of charts in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartSourceReference {
    /// Group and version; not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// A kind of source.
    #[schemars(extend("enum" = ["HelmRepository", "GitRepository", "Bucket"]))]
    pub kind: String,
    /// Its name.
    pub name: String,
}
