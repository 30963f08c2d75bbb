//! One reconciliation under way: the object's status, its history, its verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::actions::Helm;
use super::objects::{MANAGER, parse};
use super::release::Release;
use super::render::Request;
use super::values;
use crate::controllers::cluster::Identity;
use crate::controllers::events::Recorder;
use crate::controllers::inventory;
use crate::controllers::status::{Conditions, Patcher};
use crate::manifests::charts::Chart;
use crate::objects::flux::{HelmRelease, HelmReleaseStatus, Inventory, Remediation, Snapshot, Test};

/// How many releases the history keeps at most.
const HISTORY_LIMIT: usize = 5;

/// One reconciliation under way.
pub(super) struct Attempt<'a> {
    pub(super) object: &'a HelmRelease,
    pub(super) status: HelmReleaseStatus,
    pub(super) patcher: Patcher<HelmRelease>,
    pub(super) events: Recorder,
}

/// What is released, and who does it.
pub(super) struct Work {
    pub(super) helm: Helm,
    pub(super) chart: Arc<Chart>,
    pub(super) values: Map<String, Value>,
}

impl Work {
    pub(super) fn request<'a>(&self, object: &'a HelmRelease) -> Request<'a> {
        Request { object, chart: self.chart.clone(), values: self.values.clone() }
    }

    pub(super) fn chart_name(&self) -> String {
        format!("{}@{}", self.chart.metadata.name, self.chart.metadata.version)
    }
}

/// `sha256:<hex>` of a part of a spec.
pub(super) fn digest_of<T: serde::Serialize>(part: Option<&T>) -> Option<String> {
    let text = serde_json::to_string(part?).unwrap_or_default();
    Some(format!("sha256:{:x}", Sha256::digest(text.as_bytes())))
}

impl Attempt<'_> {
    pub(super) fn conditions(&mut self) -> Conditions<'_> {
        Conditions { list: &mut self.status.conditions, generation: self.object.metadata.generation }
    }

    /// Writes the status. One that cannot be written is written the next time.
    pub(super) async fn patch(&mut self) -> Result<(), String> {
        self.patcher.status(&self.status).await.map_err(|error| error.to_string())
    }

    pub(super) fn test(&self) -> Test {
        self.object.spec.test.clone().unwrap_or_default()
    }

    /// The remediation of the last action that made a release.
    pub(super) fn remediation(&self) -> Option<Remediation> {
        let spec = &self.object.spec;
        match self.status.last_attempted_release_action.as_deref()? {
            "install" => {
                Some(spec.install.as_ref().and_then(|one| one.remediation.clone()).unwrap_or_default())
            }
            "upgrade" => {
                Some(spec.upgrade.as_ref().and_then(|one| one.remediation.clone()).unwrap_or_default())
            }
            _ => None,
        }
    }

    /// How soon another try is made, where that is the strategy of the last action.
    pub(super) fn retry(&self) -> Option<std::time::Duration> {
        let spec = &self.object.spec;
        let strategy = match self.status.last_attempted_release_action.as_deref()? {
            "install" => spec.install.as_ref().and_then(|one| one.strategy.as_ref()),
            _ => spec.upgrade.as_ref().and_then(|one| one.strategy.as_ref()),
        };
        let strategy = strategy.filter(|strategy| strategy.name == "RetryOnFailure")?;
        let given = strategy.retry_interval.as_deref();
        let given = given.and_then(|text| crate::objects::parse_duration(text).ok());
        Some(given.unwrap_or(std::time::Duration::from_secs(300)))
    }

    pub(super) fn ignores_tests(&self, remediation: Option<&Remediation>) -> bool {
        let general = self.test().ignore_failures == Some(true);
        remediation.and_then(|one| one.ignore_test_failures).unwrap_or(general)
    }

    /// How many failures count for the last action.
    pub(super) fn failures(&self) -> i64 {
        match self.status.last_attempted_release_action.as_deref() {
            Some("install") => self.status.install_failures,
            _ => self.status.upgrade_failures,
        }
    }

    pub(super) fn count_failure(&mut self) {
        match self.status.last_attempted_release_action.as_deref() {
            Some("install") => self.status.install_failures += 1,
            _ => self.status.upgrade_failures += 1,
        }
    }

    /// Whether no more tries are left to the last action.
    pub(super) fn is_exhausted(&self) -> bool {
        let Some(remediation) = self.remediation() else { return false };
        let retries = remediation.retries.unwrap_or_default();
        retries >= 0 && self.failures() > retries
    }

    pub(super) fn latest(&self) -> Option<&Snapshot> {
        self.status.history.first()
    }

    /// The newest good release but the latest.
    pub(super) fn previous(&self, ignores_tests: bool) -> Option<&Snapshot> {
        self.status.history.iter().skip(1).find(|one| is_good(one, ignores_tests))
    }

    /// Forgets what is older than the newest good release but the latest.
    pub(super) fn truncate(&mut self, ignores_tests: bool) {
        let good = self.status.history.iter().skip(1).position(|one| is_good(one, ignores_tests));
        self.status.history.truncate(good.map_or(HISTORY_LIMIT, |at| at + 2));
    }

    /// Takes releases into the history, those of versions that are known in their places.
    pub(super) fn record(&mut self, releases: &[Release], action: Option<&str>) {
        let attempted = self.status.last_attempted_revision_digest.clone();
        for (at, release) in releases.iter().enumerate() {
            let known = self.status.history.iter().position(|one| {
                one.version == release.version
                    && one.name == release.name
                    && one.namespace == release.namespace
            });
            match known {
                Some(place) => {
                    let old = &self.status.history[place];
                    let (tests, oci) = (old.test_hooks.clone(), old.oci_digest.clone());
                    // Only the newest is the action's own; what made the others is not known any more.
                    let by = if at == 0 { action } else { None };
                    let mut snapshot = release.snapshot(by, oci.as_deref());
                    snapshot.test_hooks = tests;
                    self.status.history[place] = snapshot;
                }
                None if at == 0 => {
                    self.status.history.insert(0, release.snapshot(action, attempted.as_deref()));
                }
                None => {}
            }
        }
        self.status.history.sort_by_key(|one| std::cmp::Reverse(one.version));
    }

    /// Says which objects a release has.
    pub(super) async fn list_objects(&mut self, work: &Work, release: &Release) {
        let Ok(mut objects) = parse(&release.manifest) else { return };
        if let Err(reason) = work.helm.objects.place(&mut objects).await {
            tracing::debug!(reason, "an object has no place");
        }
        let definitions = work.chart.crds().into_iter().flat_map(|file| {
            let text = String::from_utf8_lossy(&file.data).into_owned();
            crate::manifests::yaml::read_documents(&text).unwrap_or_default()
        });
        let entries = objects.into_iter().chain(definitions).filter(Value::is_object);
        let entries = entries.map(|object| inventory::entry(&Identity::of(&object))).collect();
        self.status.inventory = Some(Inventory { entries });
    }

    /// Composes `Ready` of what was done.
    pub(super) fn summarize(&mut self) {
        let test = self.test();
        if !test.enable {
            self.conditions().remove("TestSuccess");
        }
        let counts = if test.enable && test.ignore_failures != Some(true) {
            ["Remediated", "TestSuccess", "Released"].as_slice()
        } else {
            ["Remediated", "Released"].as_slice()
        };
        let found = counts.iter().filter_map(|kind| self.conditions().get(kind).cloned());
        // The newest generation counts, then the order.
        let found = found.collect::<Vec<_>>();
        let newest = found.iter().map(|one| one.observed_generation).max().flatten();
        if let Some(first) = found.iter().find(|one| one.observed_generation == newest) {
            let status = if first.kind == "Remediated" { "False" } else { first.status.as_str() };
            if status == "True" {
                self.conditions().remove("Stalled");
            }
            self.conditions().set("Ready", status, &first.reason, &first.message);
        }
        let spec = &self.object.spec;
        self.status.observed_post_renderers_digest = digest_of(spec.post_renderers.as_ref());
        self.status.observed_common_metadata_digest = digest_of(spec.common_metadata.as_ref());
    }

    /// An event about a release.
    pub(super) async fn tell(&self, is_warning: bool, reason: &str, message: &str, about: Option<&Snapshot>) {
        let mut annotations = BTreeMap::new();
        let mut note = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                annotations.insert(format!("helm.toolkit.fluxcd.io/{key}"), value);
            }
        };
        if let Some(snapshot) = about {
            note("revision", Some(snapshot.chart_version.clone()));
            note("token", Some(snapshot.config_digest.clone()));
            note("app-version", snapshot.app_version.clone());
            note("oci-digest", snapshot.oci_digest.clone());
        } else {
            note("revision", self.status.last_attempted_revision.clone());
            note("token", self.status.last_attempted_config_digest.clone());
            note("oci-digest", self.status.last_attempted_revision_digest.clone());
        }
        if is_warning {
            self.events.warning(self.object, reason, message, annotations).await;
        } else {
            self.events.normal(self.object, reason, message, annotations).await;
        }
    }

    /// Forgets failures where what is tried has changed, and notes what is tried.
    pub(super) fn begin(&mut self, work: &Work, oci_digest: Option<String>) {
        let generation = self.object.metadata.generation.unwrap_or_default();
        let revision = Some(work.chart.metadata.version.clone());
        let config = Some(values::digest(&work.values));
        let status = &mut self.status;
        let asked = self.object.metadata.annotations.as_ref();
        let reset = asked.and_then(|all| all.get("reconcile.fluxcd.io/resetAt"));
        let requested = asked.and_then(|all| all.get(crate::objects::flux::RECONCILE_ANNOTATION));
        let resets = reset.is_some() && reset == requested && status.last_handled_reset_at.as_ref() != reset;
        let changed = status.last_attempted_generation != generation
            || status.last_attempted_revision != revision
            || status.last_attempted_config_digest != config;
        if changed || resets {
            status.clear_failures();
        }
        if let Some(reset) = reset.filter(|_| resets) {
            status.last_handled_reset_at = Some(reset.clone());
        }
        status.last_attempted_generation = generation;
        status.last_attempted_revision = revision;
        status.last_attempted_revision_digest = oci_digest;
        status.last_attempted_config_digest = config;
        status.storage_namespace = Some(self.object.storage_namespace());
    }
}

fn is_good(snapshot: &Snapshot, ignores_tests: bool) -> bool {
    let deployed = ["deployed", "superseded"].contains(&snapshot.status.as_str());
    deployed && (ignores_tests || !snapshot.has_failed_test())
}

/// The field manager of statuses, and the name of the controller.
pub(super) const CONTROLLER: &str = MANAGER;
