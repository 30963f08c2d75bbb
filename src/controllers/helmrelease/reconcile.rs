//! The order of a reconciliation: finaliser, suspend, `HelmChart`, depends-on, source, values, chart, then steps until
//! the release is as it should be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, ResourceExt as _};

use super::actions::Helm;
use super::attempt::{Attempt, CONTROLLER, Work};
use super::chart::{self, Missing, source_of};
use super::objects::Objects;
use super::state::{Halt, Next, decide, determine};
use super::steps::Sort;
use super::storage::{Storage, told};
use super::values;
use crate::controllers::cluster::{Cluster, Kinds};
use crate::controllers::expression::is_ready;
use crate::controllers::health::Rules;
use crate::controllers::revisions::Revisions;
use crate::controllers::{Action, Context, Reconciler, events::Recorder, status::Patcher};
use crate::manifests::charts::Chart;
use crate::manifests::semver::{Version, compare};
use crate::objects::flux::{Artifact, HelmRelease, RECONCILE_ANNOTATION};
use crate::objects::format_duration;

/// How soon a source or a dependency that is not ready is looked at again.
const DEPENDENCY_INTERVAL: Duration = Duration::from_secs(30);
/// How many versions of a release the storage keeps.
const MAX_HISTORY: usize = 5;

/// The reconciler of HelmRelease.
pub(super) struct Releases {
    context: Context,
    events: Recorder,
    kinds: Kinds,
    revisions: Revisions,
}

/// How a reconciliation ends.
enum End {
    /// All is well, for an interval.
    Done,
    /// Try again after a time; nothing was observed.
    Wait(Duration),
    /// Try again soon.
    Retry,
    /// Try again after a time.
    RetryAfter(Duration),
    /// Only a change can help.
    Stalled,
}

impl Releases {
    pub(super) fn new(context: Context, revisions: Revisions) -> Self {
        let events = Recorder::new(context.client.clone(), CONTROLLER);
        Self { context, events, kinds: Kinds::default(), revisions }
    }

    fn helm(&self, object: &HelmRelease, (storage, namespace, name): (&str, &str, &str)) -> Helm {
        let client = match &object.spec.service_account_name {
            Some(account) => (self.context.impersonate)(&object.namespace().unwrap_or_default(), account),
            None => self.context.client.clone(),
        };
        let limit = object.spec.max_history.unwrap_or(MAX_HISTORY);
        Helm {
            storage: Storage::new(client.clone(), storage, name, limit),
            objects: Objects {
                cluster: Cluster { client, kinds: self.kinds.clone() },
                namespace: namespace.to_owned(),
                release: name.to_owned(),
                pace: (self.context.clock.clone(), self.context.health_interval),
                rules: Arc::new(Rules::new(object.spec.health_check_exprs.as_deref()).unwrap_or_default()),
            },
        }
    }

    /// Checks `dependsOn`; the error says which is not ready, or, inside, whose expression is wrong.
    async fn dependencies(&self, object: &HelmRelease) -> Result<Result<(), String>, String> {
        let own = object.namespace().unwrap_or_default();
        for dependency in object.spec.depends_on.iter().flatten() {
            let namespace = dependency.namespace.as_deref().unwrap_or(&own);
            let shown = format!("{namespace}/{}", dependency.name);
            let api = Api::<HelmRelease>::namespaced(self.context.client.clone(), namespace);
            let found = api.get(&dependency.name).await;
            let found =
                found.map_err(|error| format!("unable to get '{shown}' dependency: {}", told(error)))?;
            // The expression stands for the condition, unless a feature gate of the real one is on.
            if let Some(text) = dependency.ready_expr.as_deref().filter(|text| !text.is_empty()) {
                let ready = match is_ready(text, object, (&dependency.name, &found)) {
                    Ok(ready) => ready?,
                    Err(reason) => return Ok(Err(reason)),
                };
                if !ready {
                    return Err(format!("dependency '{shown}' is not ready according to readyExpr eval"));
                }
                continue;
            }
            let status = found.status.unwrap_or_default();
            let seen = found.metadata.generation == Some(status.observed_generation);
            let ready = status.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True");
            if !seen || !ready {
                return Err(format!("dependency '{shown}' is not ready"));
            }
        }
        Ok(Ok(()))
    }

    /// Stops for good: only another spec can help.
    async fn misconfigured(&self, attempt: &mut Attempt<'_>, reason: &str) -> End {
        let message = format!("Reconciliation failed terminally due to configuration error: {reason}");
        let mut conditions = attempt.conditions();
        conditions.remove("Reconciling");
        conditions.set("Ready", "False", "InvalidCELExpression", &message);
        conditions.set("Stalled", "True", "InvalidCELExpression", &message);
        self.events.warning(attempt.object, "InvalidCELExpression", reason, BTreeMap::new()).await;
        End::Stalled
    }

    /// Finds chart and values; otherwise says on the object what is missing.
    async fn prepare(&self, attempt: &mut Attempt<'_>) -> Result<(Work, Option<String>), End> {
        let (object, client) = (attempt.object, &self.context.client);
        let dependencies = self.dependencies(object).await;
        if let Ok(Err(reason)) = &dependencies {
            return Err(self.misconfigured(attempt, reason).await);
        }
        if let Err(reason) = dependencies {
            attempt.conditions().set("Ready", "False", "DependencyNotReady", &reason);
            self.events.normal(object, "DependencyNotReady", &reason, BTreeMap::new()).await;
            return Err(End::Wait(DEPENDENCY_INTERVAL));
        }
        progress_after(attempt, &["DependencyNotReady"]);
        let artifact = match chart::artifact(object, client).await {
            Ok(artifact) => artifact,
            Err(Missing::Source(reason)) => {
                let message = format!("could not get Source object: {reason}");
                attempt.conditions().set("Ready", "False", "ArtifactFailed", &message);
                return Err(End::Retry);
            }
            Err(Missing::Denied(reason)) => {
                let mut conditions = attempt.conditions();
                conditions.set("Stalled", "True", "AccessDenied", &reason);
                conditions.set("Ready", "False", "AccessDenied", &reason);
                conditions.remove("Reconciling");
                self.events.warning(object, "AccessDenied", &reason, BTreeMap::new()).await;
                return Err(End::Stalled);
            }
            Err(Missing::Artifact(reason)) => {
                attempt.conditions().set("Ready", "False", "SourceNotReady", &reason);
                return Err(End::Wait(DEPENDENCY_INTERVAL));
            }
        };
        progress_after(attempt, &["AccessDenied", "ArtifactFailed", "SourceNotReady"]);
        let values = match values::compose(object, client).await {
            Ok(values) => values,
            Err(reason) => {
                attempt.conditions().set("Ready", "False", "ValuesError", &reason);
                self.events.warning(object, "ValuesError", &reason, BTreeMap::new()).await;
                return Err(End::Retry);
            }
        };
        progress_after(attempt, &["ValuesError"]);
        let (chart, digest) = match self.load(object, &artifact).await {
            Ok(loaded) => loaded,
            Err((reason, message)) => {
                attempt.conditions().set("Ready", "False", reason, &message);
                self.events.warning(object, reason, &message, BTreeMap::new()).await;
                return Err(End::Retry);
            }
        };
        let (storage, namespace) = (object.storage_namespace(), object.release_namespace());
        let helm = self.helm(object, (&storage, &namespace, &object.release_name()));
        Ok((Work { helm, chart: Arc::new(chart), values }, digest))
    }

    /// Reads a chart from an artifact. The version of one that comes from a registry tells its digest.
    async fn load(
        &self,
        object: &HelmRelease,
        artifact: &Artifact,
    ) -> Result<(Chart, Option<String>), (&'static str, String)> {
        let (storage, path, digest) =
            (self.context.artifacts.clone(), artifact.path.clone(), artifact.digest.clone());
        let work = tokio::task::spawn_blocking(move || {
            let bytes = storage.bytes(&path, &digest).map_err(|error| error.to_string())?;
            Chart::from_archive(&bytes).map_err(|error| error.to_string())
        });
        let failed = |reason: String| ("ArtifactFailed", format!("Could not load chart: {reason}"));
        let mut chart = work.await.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        if source_of(object).is_none_or(|(kind, ..)| kind != "OCIRepository") {
            return Ok((chart, None));
        }
        let wrong = |reason: String| ("ChartMutateError", reason);
        let own = &chart.metadata.version;
        let version = Version::parse(own).map_err(|_| wrong(format!("invalid chart version {own}")))?;
        let (tag, digest) = artifact.revision.split_once('@').unwrap_or(("", &artifact.revision));
        if let Ok(tagged) = Version::parse(&tag.replace('_', "+"))
            && compare(&tagged, &version).is_ne()
        {
            return Err(wrong(format!("artifact revision {tag} does not match chart version {own}")));
        }
        let hash = digest.rsplit(':').next().unwrap_or_default();
        let Version { major, minor, patch, prerelease, .. } = version;
        let dash = if prerelease.is_empty() { "" } else { "-" };
        let short = hash.chars().take(12).collect::<String>();
        chart.metadata.version = format!("{major}.{minor}.{patch}{dash}{prerelease}+{short}");
        Ok((chart, Some(digest.to_owned())))
    }

    async fn work(&self, attempt: &mut Attempt<'_>) -> End {
        if let Err(reason) = Rules::new(attempt.object.spec.health_check_exprs.as_deref()) {
            return self.misconfigured(attempt, &reason).await;
        }
        if let Err(reason) = chart::reconcile(attempt, &self.context.client).await {
            tracing::debug!(reason, "HelmChart not reconciled");
            attempt.conditions().set("Ready", "False", "ArtifactFailed", &reason);
            return End::Retry;
        }
        let mut conditions = attempt.conditions();
        conditions.remove("Stalled");
        conditions.set("Reconciling", "True", "Progressing", "Fulfilling prerequisites");
        if let Err(reason) = attempt.patch().await {
            tracing::debug!(reason, "status of HelmRelease not written");
            return End::Retry;
        }
        let (work, digest) = match self.prepare(attempt).await {
            Ok(prepared) => prepared,
            Err(end) => return end,
        };
        if target_changed(attempt, &work) {
            if let Err(reason) = self.uninstall(attempt).await {
                tracing::debug!(reason, "former release not uninstalled");
                return End::Retry;
            }
            attempt.status.history.clear();
            attempt.status.clear_failures();
            attempt.status.storage_namespace = None;
            return End::RetryAfter(Duration::ZERO);
        }
        attempt.begin(&work, digest);
        self.steps(attempt, &work).await
    }

    /// Steps until nothing is left to do. Each sort of step is taken once.
    async fn steps(&self, attempt: &mut Attempt<'_>, work: &Work) -> End {
        let mut taken: Vec<Sort> = Vec::new();
        let mut forced = force_requested(attempt);
        loop {
            let state = match determine(attempt, work).await {
                Ok(state) => state,
                Err(reason) => {
                    let message = format!("Could not determine release state: {reason}");
                    attempt.conditions().set("Ready", "False", "StateError", &message);
                    return End::Retry;
                }
            };
            let next = match decide(attempt, work, state, std::mem::take(&mut forced)).await {
                Ok(next) => next,
                Err(halt) => return halted(attempt, halt),
            };
            if matches!(next, Next::Nothing) {
                attempt.conditions().remove("Reconciling");
                attempt.summarize();
                return End::Done;
            }
            if taken.contains(&next.sort()) {
                return again(attempt);
            }
            let running = format!(
                "Running '{}' action with timeout of {}",
                next.name(),
                format_duration(attempt.timeout(&next))
            );
            let mut conditions = attempt.conditions();
            conditions.remove("Stalled");
            conditions.set("Reconciling", "True", "Progressing", &running);
            if next.sort() == Sort::Release {
                conditions.set("Ready", "Unknown", "Progressing", &running);
            }
            if let Err(reason) = attempt.patch().await {
                tracing::debug!(reason, "status of HelmRelease not written");
                return End::Retry;
            }
            if let Err(reason) = attempt.step(work, &next).await {
                if let Some(wait) = attempt.retry() {
                    return retry_after(attempt, wait);
                }
                if attempt.conditions().is("Ready", "True") {
                    attempt.conditions().set("Ready", "False", "ReconcileError", &reason);
                }
                return End::Retry;
            }
            if next.sort() == Sort::Remediate {
                return after_remediation(attempt);
            }
            taken.push(next.sort());
            if let Err(reason) = attempt.patch().await {
                tracing::debug!(reason, "status of HelmRelease not written");
                return End::Retry;
            }
        }
    }

    /// Uninstalls the release that the status names; fine where there is none.
    async fn uninstall(&self, attempt: &mut Attempt<'_>) -> Result<(), String> {
        let Some(latest) = attempt.latest().cloned() else { return Ok(()) };
        let Some(storage) = attempt.status.storage_namespace.clone() else { return Ok(()) };
        let helm = self.helm(attempt.object, (&storage, &latest.namespace, &latest.name));
        let done = helm.uninstall(&attempt.settings(&Next::Uninstall)).await;
        let (name, chart) = (latest.full_name(), latest.chart());
        let Some(done) = done else {
            let message = format!("Release {name} was not found, assuming it is uninstalled");
            attempt.conditions().set("Released", "False", "UninstallSucceeded", &message);
            return Ok(());
        };
        attempt.record(&done.releases, Some("uninstall"));
        match done.error {
            Some(reason) if reason.contains("is already deleted") => {
                let message = format!("Release {name} was already uninstalled");
                attempt.conditions().set("Released", "False", "UninstallSucceeded", &message);
                Ok(())
            }
            Some(reason) => {
                let message =
                    format!("Helm uninstall failed for release {name} with chart {chart}: {}", reason.trim());
                attempt.status.failures += 1;
                attempt.conditions().set("Released", "False", "UninstallFailed", &message);
                attempt.tell(true, "UninstallFailed", &message, Some(&latest)).await;
                attempt.summarize();
                Err(reason)
            }
            None => {
                let message = format!("Helm uninstall succeeded for release {name} with chart {chart}");
                attempt.status.inventory = None;
                attempt.conditions().set("Released", "False", "UninstallSucceeded", &message);
                attempt.tell(false, "UninstallSucceeded", &message, Some(&latest)).await;
                attempt.summarize();
                Ok(())
            }
        }
    }

    /// Uninstalls the release and removes its `HelmChart`, where the object is not suspended.
    async fn finalize(&self, attempt: &mut Attempt<'_>) -> Result<(), String> {
        if attempt.object.spec.suspend == Some(true) {
            return Ok(());
        }
        if self.can_impersonate(attempt.object).await {
            let result = self.uninstall(attempt).await;
            if result.is_err() {
                attempt.patch().await?;
            }
            result?;
        }
        chart::remove(attempt, &self.context.client).await
    }

    async fn can_impersonate(&self, object: &HelmRelease) -> bool {
        let Some(account) = &object.spec.service_account_name else { return true };
        let namespace = object.namespace().unwrap_or_default();
        let api = Api::<ServiceAccount>::namespaced(self.context.client.clone(), &namespace);
        !matches!(api.get_opt(account).await, Ok(None))
    }
}

/// A reason that does not hold any more is not told any more.
fn progress_after(attempt: &mut Attempt<'_>, reasons: &[&str]) {
    let stale = attempt.conditions().get("Ready").is_some_and(|one| reasons.contains(&one.reason.as_str()));
    if stale {
        attempt.conditions().set("Ready", "Unknown", "Progressing", "reconciliation in progress");
    }
}

/// Whether a release is asked for without need; noted, so that it happens once.
fn force_requested(attempt: &mut Attempt<'_>) -> bool {
    let asked = attempt.object.annotations().get("reconcile.fluxcd.io/forceAt").cloned();
    let requested = attempt.object.annotations().get(RECONCILE_ANNOTATION).cloned();
    let is_new = asked.is_some() && asked == requested && attempt.status.last_handled_force_at != asked;
    if is_new {
        attempt.status.last_handled_force_at = asked;
    }
    is_new
}

fn retry_after(attempt: &mut Attempt<'_>, wait: Duration) -> End {
    let message = format!("retrying after {}", format_duration(wait));
    attempt.conditions().set("Reconciling", "True", "ProgressingWithRetry", &message);
    End::RetryAfter(wait)
}

fn with_retry(attempt: &mut Attempt<'_>) -> End {
    let message = attempt.conditions().get("Ready").map(|one| one.message.clone()).unwrap_or_default();
    attempt.conditions().set("Reconciling", "True", "ProgressingWithRetry", &message);
    End::Retry
}

fn halted(attempt: &mut Attempt<'_>, halt: Halt) -> End {
    let (reason, message) = match halt {
        Halt::Error(reason) => {
            tracing::debug!(reason, "no next step");
            return End::Retry;
        }
        Halt::NoTarget => {
            let reason = "missing target release for rollback: cannot remediate failed release";
            ("MissingRollbackTarget", format!("Failed to perform remediation: {reason}"))
        }
        Halt::Exhausted => {
            let action = attempt.status.last_attempted_release_action.clone().unwrap_or_default();
            ("RetriesExceeded", format!("Failed to {action} after {} attempt(s)", attempt.failures()))
        }
    };
    let mut conditions = attempt.conditions();
    conditions.remove("Reconciling");
    conditions.set("Stalled", "True", reason, &message);
    End::Stalled
}

#[async_trait]
impl Reconciler for Releases {
    type Object = HelmRelease;

    fn trigger(&self, object: &HelmRelease) -> Option<String> {
        self.revisions.get(&source_of(object)?)
    }

    async fn reconcile(&self, object: HelmRelease) -> (Action, Option<String>) {
        let trigger = self.trigger(&object);
        let status = object.status.clone().unwrap_or_default();
        let patcher = Patcher::new(&self.context.client, &object, &status, CONTROLLER);
        let mut attempt = Attempt { object: &object, status, patcher, events: self.events.clone() };
        if object.metadata.deletion_timestamp.is_some() {
            let gone = match self.finalize(&mut attempt).await {
                Ok(()) => attempt.patcher.remove_finalizer(&object).await.is_ok(),
                Err(reason) => {
                    tracing::debug!(reason, "HelmRelease not finalized");
                    false
                }
            };
            return (if gone { Action::OnChange } else { Action::Retry }, trigger);
        }
        if let Err(error) = attempt.patcher.add_finalizer(&object).await {
            tracing::debug!(%error, "finalizer of HelmRelease not written");
            return (Action::Retry, trigger);
        }
        if object.spec.suspend == Some(true) {
            return (Action::OnChange, trigger);
        }
        let end = self.work(&mut attempt).await;
        if let Some(request) = object.annotations().get(RECONCILE_ANNOTATION) {
            attempt.status.last_handled_reconcile_at = Some(request.clone());
        }
        if matches!(end, End::Done | End::Stalled | End::RetryAfter(_)) {
            attempt.status.observed_generation = object.metadata.generation.unwrap_or_default();
        }
        let action = match end {
            End::Done => Action::After(object.spec.interval()),
            End::Wait(wait) | End::RetryAfter(wait) => Action::After(wait),
            End::Retry => Action::Retry,
            End::Stalled => Action::OnChange,
        };
        if let Err(reason) = attempt.patch().await {
            tracing::debug!(reason, "status of HelmRelease not written");
            return (Action::Retry, trigger);
        }
        (action, trigger)
    }
}

/// Whether the release has become another one, whose former self must go.
fn target_changed(attempt: &Attempt<'_>, work: &Work) -> bool {
    let (object, status) = (attempt.object, &attempt.status);
    let (Some(storage), Some(latest)) = (&status.storage_namespace, attempt.latest()) else {
        return false;
    };
    let strategy = object.spec.upgrade.as_ref().and_then(|one| one.chart_name_change_strategy.as_deref());
    object.storage_namespace() != *storage
        || object.release_namespace() != latest.namespace
        || object.release_name() != latest.name
        || (work.chart.metadata.name != latest.chart_name && strategy != Some("InPlaceUpdate"))
}

/// There is more to do, but not in this reconciliation.
fn again(attempt: &mut Attempt<'_>) -> End {
    if let Some(wait) = attempt.retry() {
        return retry_after(attempt, wait);
    }
    if attempt.remediation().is_none() || !attempt.is_exhausted() {
        return with_retry(attempt);
    }
    attempt.conditions().remove("Reconciling");
    End::Done
}

fn after_remediation(attempt: &mut Attempt<'_>) -> End {
    if let Some(wait) = attempt.retry() {
        return retry_after(attempt, wait);
    }
    let remediation = attempt.remediation();
    let is_upgrade = attempt.status.last_attempted_release_action.as_deref() == Some("upgrade");
    let uninstalls = remediation.is_some_and(|one| one.strategy.as_deref() == Some("uninstall"));
    if !attempt.is_exhausted() || (is_upgrade && uninstalls) {
        return with_retry(attempt);
    }
    halted(attempt, Halt::Exhausted)
}
