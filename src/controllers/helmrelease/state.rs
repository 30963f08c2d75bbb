//! What state a release is in, and what is to be done about it.

use std::collections::BTreeMap;

use super::attempt::{Attempt, Work, digest_of};
use super::drift::{self, Difference};
use super::release::Release;

/// The state of a release in the storage and the cluster, beside what is asked for.
#[derive(Debug)]
pub(super) enum State {
    /// There is no release, or a deleted one.
    Absent,
    /// A release is there that was not made for the object.
    Unmanaged,
    /// Chart, values or what changes them differ.
    OutOfSync,
    /// Something was under way when it was left.
    Locked,
    /// Its tests have not run.
    Untested,
    /// It has failed, or its tests have.
    Failed,
    /// Others have changed its objects.
    Drifted(Vec<Difference>),
    /// All is as it should be.
    InSync,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    Install,
    Upgrade,
    Unlock(Box<Release>),
    Test,
    Rollback,
    Uninstall,
    Correct(Vec<Difference>),
    Nothing,
}

/// Why nothing can be done.
#[derive(Debug)]
pub(super) enum Halt {
    /// No tries are left.
    Exhausted,
    /// There is nothing to roll back to.
    NoTarget,
    /// For now; the reason.
    Error(String),
}

/// Finds out the state, and returns the newest release with it.
pub(super) async fn determine(
    attempt: &Attempt<'_>,
    work: &Work,
) -> Result<(State, Option<Release>), String> {
    let last = work.helm.storage.last().await;
    let last = last.map_err(|reason| format!("failed to retrieve last release from storage: {reason}"))?;
    let Some(release) = last else { return Ok((State::Absent, None)) };
    let state = judge(attempt, work, &release).await?;
    Ok((state, Some(release)))
}

async fn judge(attempt: &Attempt<'_>, work: &Work, release: &Release) -> Result<State, String> {
    if release.is_pending() {
        return Ok(State::Locked);
    }
    let uninstalled = release.info.status == "uninstalled";
    let Some(latest) = attempt.latest() else {
        return Ok(if uninstalled { State::Absent } else { State::Unmanaged });
    };
    if release.digest(latest.oci_digest.as_deref()) != latest.digest {
        return Ok(State::Unmanaged);
    }
    match release.info.status.as_str() {
        "failed" => return Ok(State::Failed),
        "uninstalled" => return Ok(State::Absent),
        "deployed" => {}
        status => return Err(format!("unable to determine state for release with status '{status}'")),
    }
    let chart = &work.chart.metadata;
    let same = release.chart_field("name") == chart.name && release.chart_field("version") == chart.version;
    if !same || latest.config_digest != super::values::digest(&work.values) {
        return Ok(State::OutOfSync);
    }
    let (spec, status) = (&attempt.object.spec, &attempt.status);
    if Some(status.observed_generation) != attempt.object.metadata.generation
        && (digest_of(spec.post_renderers.as_ref()) != status.observed_post_renderers_digest
            || digest_of(spec.common_metadata.as_ref()) != status.observed_common_metadata_digest)
    {
        return Ok(State::OutOfSync);
    }
    if attempt.test().enable {
        if !latest.is_tested() {
            return Ok(State::Untested);
        }
        let remediation = attempt.remediation();
        if remediation.is_some() && !attempt.ignores_tests(remediation.as_ref()) && latest.has_failed_test() {
            return Ok(State::Failed);
        }
    }
    let mode = spec.drift_detection.as_ref().and_then(|detection| detection.mode.as_deref());
    if matches!(mode, Some("enabled" | "warn")) {
        let differences = drift::detect(attempt.object, work, release).await;
        let differences =
            differences.map_err(|reason| format!("unable to determine cluster state: {reason}"))?;
        if !differences.is_empty() {
            return Ok(State::Drifted(differences));
        }
    }
    Ok(State::InSync)
}

/// Decides what to do about a state.
pub(super) async fn decide(
    attempt: &mut Attempt<'_>,
    work: &Work,
    (state, release): (State, Option<Release>),
    forced: bool,
) -> Result<Next, Halt> {
    match state {
        State::Locked => Ok(release.map_or(Next::Nothing, |release| Next::Unlock(Box::new(release)))),
        State::Absent => {
            let install = attempt.object.spec.install.as_ref();
            let retries = install.and_then(|one| one.remediation.as_ref()?.retries).unwrap_or_default();
            let exhausted = retries >= 0 && attempt.status.install_failures > retries;
            if exhausted && !forced { Err(Halt::Exhausted) } else { Ok(Next::Install) }
        }
        State::Unmanaged => {
            attempt.status.history.clear();
            Ok(Next::Upgrade)
        }
        State::OutOfSync => {
            let upgrade = attempt.object.spec.upgrade.as_ref();
            let retries = upgrade.and_then(|one| one.remediation.as_ref()?.retries).unwrap_or_default();
            let exhausted = retries >= 0 && attempt.status.upgrade_failures > retries;
            if exhausted && !forced { Err(Halt::Exhausted) } else { Ok(Next::Upgrade) }
        }
        State::Untested => {
            restore(attempt);
            Ok(Next::Test)
        }
        State::InSync => {
            let remediation = attempt.remediation();
            let ignores = attempt.ignores_tests(remediation.as_ref());
            attempt.truncate(ignores);
            if forced {
                return Ok(Next::Upgrade);
            }
            restore(attempt);
            settle(attempt);
            Ok(Next::Nothing)
        }
        State::Drifted(differences) => {
            let name = attempt.latest().map(crate::objects::flux::Snapshot::full_name).unwrap_or_default();
            let message = format!(
                "Cluster state of release {name} has drifted from the desired state:\n{}",
                drift::summary(&differences)
            );
            attempt.events.warning(attempt.object, "DriftDetected", &message, BTreeMap::default()).await;
            attempt.conditions().set("Drifted", "True", "DriftDetected", &message);
            let mode = attempt.object.spec.drift_detection.as_ref().and_then(|one| one.mode.as_deref());
            Ok(if mode == Some("enabled") { Next::Correct(differences) } else { Next::Nothing })
        }
        State::Failed => remediate(attempt, work, forced).await,
    }
}

async fn remediate(attempt: &mut Attempt<'_>, work: &Work, forced: bool) -> Result<Next, Halt> {
    if attempt.retry().is_some() || attempt.failures() <= 0 || forced {
        return Ok(Next::Upgrade);
    }
    let Some(remediation) = attempt.remediation() else { return Ok(Next::Upgrade) };
    let is_install = attempt.status.last_attempted_release_action.as_deref() == Some("install");
    let retries = remediation.retries.unwrap_or_default();
    let last = remediation.remediate_last_failure.unwrap_or(!is_install && retries > 0);
    if attempt.is_exhausted() && !last {
        return Err(Halt::Exhausted);
    }
    let ignores = attempt.ignores_tests(Some(&remediation));
    attempt.truncate(ignores);
    if is_install || remediation.strategy.as_deref() == Some("uninstall") {
        return Ok(Next::Uninstall);
    }
    let Some(previous) = attempt.previous(ignores).cloned() else { return Err(Halt::NoTarget) };
    let history =
        work.helm.storage.history().await.map_err(|reason| {
            Halt::Error(format!("cannot verify previous release to roll back to: {reason}"))
        })?;
    let stored = history.iter().find(|release| release.version == previous.version);
    let intact = stored.is_some_and(|one| one.digest(previous.oci_digest.as_deref()) == previous.digest);
    Ok(if intact { Next::Rollback } else { Next::Upgrade })
}

/// A release that is as it should be needs no remediation any more, even where a remediation has made it.
fn restore(attempt: &mut Attempt<'_>) {
    if attempt.conditions().is("Remediated", "True") {
        let message = words(attempt, "upgrade");
        let mut conditions = attempt.conditions();
        conditions.remove("Remediated");
        conditions.set("Released", "True", "UpgradeSucceeded", &message);
    }
}

fn words(attempt: &Attempt<'_>, action: &str) -> String {
    let latest = attempt.latest();
    let (name, chart) = latest.map(|one| (one.full_name(), one.chart())).unwrap_or_default();
    format!("Helm {action} succeeded for release {name} with chart {chart}")
}

/// Says that all is well where a failure has become good by itself.
fn settle(attempt: &mut Attempt<'_>) {
    let reason = attempt.conditions().get("Released").map(|one| one.reason.clone()).unwrap_or_default();
    let repaired = match reason.as_str() {
        "InstallFailed" => Some(("InstallSucceeded", words(attempt, "install"))),
        "UpgradeFailed" => Some(("UpgradeSucceeded", words(attempt, "upgrade"))),
        _ => None,
    };
    if let Some((reason, message)) = repaired {
        attempt.conditions().set("Released", "True", reason, &message);
    }
    let mode = attempt.object.spec.drift_detection.as_ref().and_then(|one| one.mode.as_deref());
    if matches!(mode, Some("enabled" | "warn")) {
        let message = "No drift detected against the cluster state";
        attempt.conditions().set("Drifted", "False", "NoDriftDetected", message);
    }
}
