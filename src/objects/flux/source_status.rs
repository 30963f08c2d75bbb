//! The status of sources that are fetched from registries and chart repositories, or built from other sources.
//! <https://fluxcd.io/flux/components/source/>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Artifact, LayerSelector};
use crate::objects::Condition;

/// What was fetched. Each kind fills only its own part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// The newest stored artifact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The last reconcile request that was handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Of a `HelmChart`: the name in `Chart.yaml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_chart_name: Option<String>,
    /// The generation that was last reconciled.
    #[serde(default = "super::crds::never_observed")]
    pub observed_generation: i64,
    /// Of an `OCIRepository`: the value of `spec.ignore` that the artifact was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Of an `OCIRepository`: the value of `spec.layerSelector` that the artifact was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_layer_selector: Option<LayerSelector>,
    /// Of a `HelmChart`: the revision of the source that it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_source_artifact_revision: Option<String>,
    /// Of a `HelmChart`: the files of values that were merged, where some may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_values_files: Option<Vec<String>>,
    /// The address of the newest artifact, which stays the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Default for SourceStatus {
    fn default() -> Self {
        Self {
            artifact: None,
            conditions: Vec::new(),
            last_handled_reconcile_at: None,
            observed_chart_name: None,
            observed_generation: -1,
            observed_ignore: None,
            observed_layer_selector: None,
            observed_source_artifact_revision: None,
            observed_values_files: None,
            url: None,
        }
    }
}
