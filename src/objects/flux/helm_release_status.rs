//! The status of a HelmRelease: what was released, and how it went.
//! <https://fluxcd.io/flux/components/helm/helmreleases/#helmrelease-status>

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Inventory;
use crate::objects::Condition;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What was released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelmReleaseStatus {
    /// How it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// How many failures since the spec, the chart or the values changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: i64,
    /// Namespace and name of the `HelmChart` that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm_chart: Option<String>,
    /// The releases, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Snapshot>,
    /// How many of the failures count for the remediation of installations.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub install_failures: i64,
    /// The objects of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Of the values that were last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempted_config_digest: Option<String>,
    /// The generation that was last tried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_attempted_generation: i64,
    /// `install` or `upgrade`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempted_release_action: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempted_release_action_duration: Option<String>,
    /// The version of the chart that was last tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempted_revision: Option<String>,
    /// The digest of the chart in its registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempted_revision_digest: Option<String>,
    /// The last request for a release without need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_force_at: Option<String>,
    /// The last reconcile request that was handled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The last request to forget failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reset_at: Option<String>,
    /// Of the common metadata that was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_common_metadata_digest: Option<String>,
    /// The generation that was last reconciled.
    #[serde(default = "super::crds::never_observed")]
    pub observed_generation: i64,
    /// Of the post renderers that were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_post_renderers_digest: Option<String>,
    /// Where the releases are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_namespace: Option<String>,
    /// How many of the failures count for the remediation of upgrades.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub upgrade_failures: i64,
}

impl Default for HelmReleaseStatus {
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            failures: 0,
            helm_chart: None,
            history: Vec::new(),
            install_failures: 0,
            inventory: None,
            last_attempted_config_digest: None,
            last_attempted_generation: 0,
            last_attempted_release_action: None,
            last_attempted_release_action_duration: None,
            last_attempted_revision: None,
            last_attempted_revision_digest: None,
            last_handled_force_at: None,
            last_handled_reconcile_at: None,
            last_handled_reset_at: None,
            observed_common_metadata_digest: None,
            observed_generation: -1,
            observed_post_renderers_digest: None,
            storage_namespace: None,
            upgrade_failures: 0,
        }
    }
}

impl HelmReleaseStatus {
    /// Forgets all failures.
    pub fn clear_failures(&mut self) {
        (self.failures, self.install_failures, self.upgrade_failures) = (0, 0, 0);
    }
}

/// A release as it was seen in the storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// What made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The version of this format.
    pub api_version: String,
    /// Of what the chart installs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// The chart's name.
    pub chart_name: String,
    /// The chart's version.
    pub chart_version: String,
    /// Of the values.
    pub config_digest: String,
    /// When it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// Of the release in the storage.
    pub digest: String,
    /// When its first version was installed.
    #[schemars(extend("format" = "date-time"))]
    pub first_deployed: String,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    pub last_deployed: String,
    /// Its name.
    pub name: String,
    /// Where it is installed.
    pub namespace: String,
    /// The digest of the chart in its registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oci_digest: Option<String>,
    /// Helm's word for its state.
    pub status: String,
    /// How its tests went; nothing while they have not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_hooks: Option<BTreeMap<String, TestHook>>,
    /// One for the first.
    pub version: i64,
}

impl Snapshot {
    /// Namespace, name and version.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}.v{}", self.namespace, self.name, self.version)
    }

    /// The chart with its version.
    #[must_use]
    pub fn chart(&self) -> String {
        format!("{}@{}", self.chart_name, self.chart_version)
    }

    /// Whether tests have run to a verdict.
    #[must_use]
    pub fn is_tested(&self) -> bool {
        let Some(tests) = &self.test_hooks else { return false };
        self.has_failed_test() || tests.values().all(|test| test.phase.as_deref() == Some("Succeeded"))
    }

    /// Whether a test has failed.
    #[must_use]
    pub fn has_failed_test(&self) -> bool {
        let tests = self.test_hooks.iter().flat_map(BTreeMap::values);
        tests.into_iter().any(|test| test.phase.as_deref() == Some("Failed"))
    }
}

/// How a test went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestHook {
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_completed: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_started: Option<String>,
    /// Helm's word for its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}
