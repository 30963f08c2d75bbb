//! The steps of a reconciliation as Flux tells them: each runs an action of Helm, and leaves its words on the object.

use std::time::{Duration, Instant};

use super::actions::{Done, Settings};
use super::attempt::{Attempt, Work};
use super::drift::{self, Difference};
use super::release::Release;
use super::state::Next;
use crate::objects::flux::Snapshot;
use crate::objects::format_duration;

/// How many of the same sort may run in one reconciliation: one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Release,
    Test,
    Remediate,
    Unlock,
    Drift,
}

impl Next {
    /// The step's sort.
    pub(super) fn sort(&self) -> Sort {
        match self {
            Self::Install | Self::Upgrade | Self::Nothing => Sort::Release,
            Self::Test => Sort::Test,
            Self::Rollback | Self::Uninstall => Sort::Remediate,
            Self::Unlock(_) => Sort::Unlock,
            Self::Correct(_) => Sort::Drift,
        }
    }

    /// The step's name in messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Test => "test",
            Self::Rollback => "rollback",
            Self::Uninstall => "uninstall",
            Self::Unlock(_) => "unlock",
            Self::Correct(_) => "correct cluster drift",
            Self::Nothing => "",
        }
    }
}

fn named(snapshot: &Snapshot) -> (String, String) {
    (snapshot.full_name(), snapshot.chart())
}

impl Attempt<'_> {
    /// The limit of a step.
    pub(super) fn timeout(&self, next: &Next) -> Duration {
        let spec = &self.object.spec;
        let own = match next {
            Next::Install => spec.install.as_ref().and_then(|one| one.timeout.as_ref()),
            Next::Upgrade => spec.upgrade.as_ref().and_then(|one| one.timeout.as_ref()),
            Next::Test => spec.test.as_ref().and_then(|one| one.timeout.as_ref()),
            Next::Rollback => spec.rollback.as_ref().and_then(|one| one.timeout.as_ref()),
            Next::Uninstall => spec.uninstall.as_ref().and_then(|one| one.timeout.as_ref()),
            _ => None,
        };
        spec.timeout(own)
    }

    pub(super) fn settings(&self, next: &Next) -> Settings {
        let spec = &self.object.spec;
        let yes = |flag: Option<bool>| flag == Some(true);
        let mut settings = Settings { timeout: self.timeout(next), ..Settings::default() };
        match next {
            Next::Install => {
                let one = spec.install.clone().unwrap_or_default();
                settings.definitions = one.crds.unwrap_or_else(|| "Create".to_owned());
                settings.creates_namespace = spec.target_namespace.is_some() && yes(one.create_namespace);
                settings.skips_hooks = yes(one.disable_hooks);
                settings.skips_wait = yes(one.disable_wait);
                settings.skips_jobs = yes(one.disable_wait_for_jobs);
            }
            Next::Upgrade => {
                let one = spec.upgrade.clone().unwrap_or_default();
                settings.definitions = one.crds.unwrap_or_else(|| "Skip".to_owned());
                settings.skips_hooks = yes(one.disable_hooks);
                settings.skips_wait = yes(one.disable_wait);
                settings.skips_jobs = yes(one.disable_wait_for_jobs);
                settings.cleans_up = yes(one.cleanup_on_fail);
                settings.keeps_values = yes(one.preserve_values);
            }
            Next::Rollback => {
                let one = spec.rollback.clone().unwrap_or_default();
                settings.skips_hooks = yes(one.disable_hooks);
                settings.skips_wait = yes(one.disable_wait);
                settings.skips_jobs = yes(one.disable_wait_for_jobs);
                settings.cleans_up = yes(one.cleanup_on_fail);
            }
            Next::Uninstall => {
                let one = spec.uninstall.clone().unwrap_or_default();
                settings.skips_hooks = yes(one.disable_hooks);
                settings.skips_wait = yes(one.disable_wait);
                settings.keeps_history = yes(one.keep_history);
                settings.propagation = one.deletion_propagation.unwrap_or_default();
            }
            _ => {}
        }
        settings
    }

    /// Runs a step. An error means that nothing was changed: try again.
    pub(super) async fn step(&mut self, work: &Work, next: &Next) -> Result<(), String> {
        match next {
            Next::Install | Next::Upgrade => self.release(work, next).await,
            Next::Test => self.run_tests(work).await,
            Next::Rollback => self.roll_back(work).await,
            Next::Uninstall => self.uninstall_remedy(work).await,
            Next::Unlock(release) => self.unlock(work, release).await,
            Next::Correct(differences) => {
                self.correct(work, differences).await;
                Ok(())
            }
            Next::Nothing => Ok(()),
        }
    }

    async fn release(&mut self, work: &Work, next: &Next) -> Result<(), String> {
        let (began, settings) = (Instant::now(), self.settings(next));
        let is_install = matches!(next, Next::Install);
        let action = next.name();
        self.status.last_attempted_release_action = Some(action.to_owned());
        if is_install {
            self.status.history.clear();
        }
        for kind in ["TestSuccess", "Remediated"] {
            self.conditions().remove(kind);
        }
        let request = work.request(self.object);
        let done = if is_install {
            work.helm.install(&request, &settings).await
        } else {
            work.helm.upgrade(&request, &settings).await
        };
        self.status.last_attempted_release_action_duration = Some(format_duration(began.elapsed()));
        self.record(&done.releases, Some(action));
        if let Some(release) = done.releases.first() {
            self.list_objects(work, release).await;
        }
        let result = self.conclude_release(work, action, &done).await;
        self.summarize();
        result
    }

    async fn conclude_release(&mut self, work: &Work, action: &str, done: &Done) -> Result<(), String> {
        let reason_of =
            |end: &str| format!("{}{end}", if action == "install" { "Install" } else { "Upgrade" });
        if let Some(reason) = &done.error {
            let (namespace, name) = (self.object.release_namespace(), self.object.release_name());
            let message = format!(
                "Helm {action} failed for release {namespace}/{name} with chart {}: {}",
                work.chart_name(),
                reason.trim()
            );
            self.status.failures += 1;
            let failed = reason_of("Failed");
            self.conditions().set("Released", "False", &failed, &message);
            self.tell(true, &failed, &message, None).await;
            if done.releases.is_empty() {
                return Err(reason.clone());
            }
            self.count_failure();
            return Ok(());
        }
        let Some(latest) = self.latest().cloned() else { return Ok(()) };
        let (name, chart) = named(&latest);
        let message = format!("Helm {action} succeeded for release {name} with chart {chart}");
        let succeeded = reason_of("Succeeded");
        self.conditions().set("Released", "True", &succeeded, &message);
        if self.test().enable && !latest.is_tested() {
            let pending = format!("Helm release {name} with chart {chart} is awaiting tests");
            self.conditions().set("TestSuccess", "Unknown", "AwaitingTests", &pending);
        }
        if self.retry().is_some() {
            self.status.clear_failures();
        }
        self.tell(false, &succeeded, &message, Some(&latest)).await;
        Ok(())
    }

    async fn run_tests(&mut self, work: &Work) -> Result<(), String> {
        let Some(latest) = self.latest().cloned() else {
            return Err("no latest release: required for test".to_owned());
        };
        let filters = self.test().filters.unwrap_or_default();
        let selected = move |name: &str| {
            let excluded = filters.iter().any(|filter| filter.exclude && filter.name == name);
            let mut included = filters.iter().filter(|filter| !filter.exclude).peekable();
            !excluded && (included.peek().is_none() || included.any(|filter| filter.name == name))
        };
        let done = work.helm.test(&self.settings(&Next::Test), &selected).await;
        if let Some(release) = done.releases.first().filter(|one| one.version == latest.version) {
            let mut tested = release.snapshot(latest.action.as_deref(), latest.oci_digest.as_deref());
            tested.test_hooks = Some(release.tests(&selected));
            self.status.history[0] = tested;
        }
        let tested = self.latest().cloned().unwrap_or_default();
        let (name, chart) = named(&tested);
        let result = if let Some(reason) = done.error {
            let message =
                format!("Helm test failed for release {name} with chart {chart}: {}", reason.trim());
            self.status.failures += 1;
            self.conditions().set("TestSuccess", "False", "TestFailed", &message);
            self.tell(true, "TestFailed", &message, Some(&tested)).await;
            let remediation = self.remediation();
            if tested.is_tested() && remediation.is_some() && !self.ignores_tests(remediation.as_ref()) {
                self.count_failure();
            }
            if tested.is_tested() { Ok(()) } else { Err(reason) }
        } else {
            let count = tested.test_hooks.as_ref().map_or(0, std::collections::BTreeMap::len);
            let told = match count {
                0 => "no test hooks".to_owned(),
                1 => "1 test hook completed successfully".to_owned(),
                count => format!("{count} test hooks completed successfully"),
            };
            let message = format!("Helm test succeeded for release {name} with chart {chart}: {told}");
            self.conditions().set("TestSuccess", "True", "TestSucceeded", &message);
            self.tell(false, "TestSucceeded", &message, Some(&tested)).await;
            Ok(())
        };
        self.summarize();
        result
    }

    async fn roll_back(&mut self, work: &Work) -> Result<(), String> {
        let ignores = self.ignores_tests(self.remediation().as_ref());
        let Some(previous) = self.previous(ignores).cloned() else {
            return Err("missing target release for rollback: required to rollback".to_owned());
        };
        let done = work.helm.rollback(previous.version, &self.settings(&Next::Rollback)).await;
        self.record(&done.releases, None);
        if let Some(release) = done.releases.first() {
            self.list_objects(work, release).await;
        }
        let (name, chart) = named(&previous);
        let result = if let Some(reason) = done.error {
            let message = format!(
                "Helm rollback to previous release {name} with chart {chart} failed: {}",
                reason.trim()
            );
            self.status.failures += 1;
            self.conditions().set("Remediated", "False", "RollbackFailed", &message);
            self.tell(true, "RollbackFailed", &message, Some(&previous)).await;
            if done.releases.is_empty() { Err(reason) } else { Ok(()) }
        } else {
            let message = format!("Helm rollback to previous release {name} with chart {chart} succeeded");
            self.conditions().set("Remediated", "True", "RollbackSucceeded", &message);
            self.tell(false, "RollbackSucceeded", &message, Some(&previous)).await;
            Ok(())
        };
        self.summarize();
        result
    }

    async fn uninstall_remedy(&mut self, work: &Work) -> Result<(), String> {
        let Some(latest) = self.latest().cloned() else {
            return Err("no latest release: required to uninstall".to_owned());
        };
        let done = work.helm.uninstall(&self.settings(&Next::Uninstall)).await;
        let done = done.unwrap_or(Done { releases: Vec::new(), error: None });
        self.record(&done.releases, Some("uninstall-remediation"));
        let (name, chart) = named(&latest);
        if let Some(reason) = done.error {
            let message = format!(
                "Helm uninstall remediation for release {name} with chart {chart} failed: {}",
                reason.trim()
            );
            self.status.failures += 1;
            self.conditions().set("Remediated", "False", "UninstallFailed", &message);
            self.tell(true, "UninstallFailed", &message, Some(&latest)).await;
            self.summarize();
            return if done.releases.is_empty() { Err(reason) } else { Ok(()) };
        }
        let message = format!("Helm uninstall remediation for release {name} with chart {chart} succeeded");
        self.conditions().set("Remediated", "True", "UninstallSucceeded", &message);
        self.tell(false, "UninstallSucceeded", &message, Some(&latest)).await;
        self.summarize();
        Ok(())
    }

    async fn unlock(&mut self, work: &Work, release: &Release) -> Result<(), String> {
        let mut release = release.clone();
        let before = release.info.status.clone();
        release.mark("failed", format!("Release unlocked from stale '{before}' state"));
        let written = work.helm.storage.update(&release).await;
        let action = self.latest().and_then(|latest| latest.action.clone());
        let known = self.status.history.iter().any(|one| one.version == release.version);
        if known {
            self.record(std::slice::from_ref(&release), action.as_deref());
        }
        let (name, chart) = named(&release.snapshot(None, None));
        let (is_warning, message) = match &written {
            Ok(()) => (false, format!("Unlocked Helm release {name} with chart {chart} in {before} state")),
            Err(reason) => {
                self.status.failures += 1;
                let words =
                    format!("Unlock of Helm release {name} with chart {chart} in {before} state failed");
                (true, format!("{words}: {reason}"))
            }
        };
        self.conditions().set("Released", "False", "PendingRelease", &message);
        self.tell(is_warning, "PendingRelease", &message, None).await;
        self.summarize();
        written
    }

    async fn correct(&mut self, work: &Work, differences: &[Difference]) {
        self.conditions().set("Ready", "Unknown", "Progressing", "correcting cluster drift");
        let (done, failed) = drift::correct(work, differences).await;
        let latest = self.latest().cloned().unwrap_or_default();
        let name = latest.full_name();
        if failed.is_empty() {
            let message = format!("Cluster state of release {name} has been corrected:\n{}", done.join("\n"));
            self.tell(false, "DriftCorrected", &message, Some(&latest)).await;
            return;
        }
        let (partially, rest) = if done.is_empty() {
            ("", String::new())
        } else {
            ("partially ", format!("\n\nSuccessful corrections:\n{}", done.join("\n")))
        };
        let message = format!(
            "Failed to {partially}correct cluster state of release {name}:\n{}{rest}",
            failed.join("\n")
        );
        self.tell(true, "DriftCorrectionFailed", &message, Some(&latest)).await;
    }
}
