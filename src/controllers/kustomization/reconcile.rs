//! The order of a reconciliation: finaliser, suspend, source, depends-on, build, apply, prune, health, verdict.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use super::apply::{self, Applier, Change, Changes};
use super::build::{self, Built};
use super::dependencies::Held;
use super::error::Error;
use super::sources::Sources;
use super::{dependencies, normalize, prune};
use crate::controllers::cluster::{Cluster, Identity, Kinds};
use crate::controllers::health::Rules;
use crate::controllers::{
    Action, Context, Reconciler,
    events::Recorder,
    status::{Conditions, Patcher, now},
};
use crate::controllers::{health, inventory};
use crate::objects::{
    flux::{
        Artifact, Bucket, GitRepository, History, Inventory, Kustomization, KustomizationStatus,
        OCIRepository, ObjectReference, RECONCILE_ANNOTATION,
    },
    format_duration,
};

/// The field manager of everything that is applied.
pub(super) const MANAGER: &str = "kustomize-controller";
/// Who owns the status and the finalizer of a Kustomization: not [`MANAGER`], whose fields an apply takes over.
const STATUS_MANAGER: &str = "gotk-kustomize-controller";
/// How soon a source or a dependency that is not ready is looked at again.
const DEPENDENCY_INTERVAL: Duration = Duration::from_secs(30);
/// How many builds the history keeps.
const HISTORY_LIMIT: usize = 5;

/// The reconciler of Kustomization.
pub(super) struct Kustomize {
    pub(super) context: Context,
    events: Recorder,
    kinds: Kinds,
    sources: Sources,
}

/// One reconciliation under way.
struct Attempt<'a> {
    object: &'a Kustomization,
    status: KustomizationStatus,
    patcher: Patcher<Kustomization>,
    revision: String,
    start: Instant,
    /// Of the built objects, once they are.
    digest: Option<String>,
}

impl Attempt<'_> {
    fn conditions(&mut self) -> Conditions<'_> {
        Conditions { list: &mut self.status.conditions, generation: self.object.metadata.generation }
    }

    /// Tells what is being done, on the object.
    async fn progress(&mut self, doing: &str) -> Result<(), Error> {
        let message =
            format!("{doing} for revision {} with a timeout of {}", self.revision, timeout_text(self.object));
        let mut conditions = self.conditions();
        conditions.remove("Stalled");
        conditions.set("Reconciling", "True", "Progressing", &message);
        Ok(self.patcher.status(&self.status).await?)
    }

    /// Adds the outcome to the history, the newest first.
    fn remember(&mut self, reason: &str) {
        let Some(digest) = &self.digest else { return };
        let history = &mut self.status.history;
        let known = history.iter().position(|entry| entry.digest == *digest);
        let mut entry = known.map_or_else(
            || History { digest: digest.clone(), first_reconciled: now(), ..History::default() },
            |at| history.remove(at),
        );
        entry.last_reconciled = now();
        entry.last_reconciled_duration = format_duration(self.start.elapsed());
        reason.clone_into(&mut entry.last_reconciled_status);
        entry.metadata = [("revision".to_owned(), self.revision.clone())].into();
        entry.total_reconciliations += 1;
        history.insert(0, entry);
        history.truncate(HISTORY_LIMIT);
    }
}

impl Kustomize {
    pub(super) fn new(context: Context, sources: Sources) -> Self {
        let events = Recorder::new(context.client.clone(), MANAGER);
        Self { context, events, kinds: Kinds::default(), sources }
    }

    /// The cluster as the Kustomization's service account sees it.
    pub(super) fn cluster(&self, object: &Kustomization) -> Cluster {
        let client = match &object.spec.service_account_name {
            Some(account) => (self.context.impersonate)(&object.namespace().unwrap_or_default(), account),
            None => self.context.client.clone(),
        };
        Cluster { client, kinds: self.kinds.clone() }
    }

    pub(super) async fn tell(&self, object: &Kustomization, message: &str) {
        let (reason, annotations) = said(object.status.as_ref(), "info");
        self.events.normal(object, &reason, message, annotations).await;
    }

    pub(super) async fn warn(&self, object: &Kustomization, message: &str) {
        let (reason, annotations) = said(object.status.as_ref(), "error");
        self.events.warning(object, &reason, message, annotations).await;
    }

    /// Finds the artifact; otherwise says what is wrong on the object and when to look again.
    async fn source(
        &self,
        object: &Kustomization,
        status: &mut KustomizationStatus,
    ) -> Result<Artifact, Action> {
        let reference = &object.spec.source_ref;
        let namespace = reference.namespace.clone().or_else(|| object.namespace()).unwrap_or_default();
        let mut conditions =
            Conditions { list: &mut status.conditions, generation: object.metadata.generation };
        let mut failed = |message: &str| conditions.set("Ready", "False", "ArtifactFailed", message);
        let (client, name) = (self.context.client.clone(), reference.name.as_str());
        let found = match reference.kind.as_str() {
            "GitRepository" => {
                let found = Api::<GitRepository>::namespaced(client, &namespace).get_opt(name).await;
                found.map(|found| found.map(|source| source.status.and_then(|status| status.artifact)))
            }
            "OCIRepository" => {
                let found = Api::<OCIRepository>::namespaced(client, &namespace).get_opt(name).await;
                found.map(|found| found.map(|source| source.status.and_then(|status| status.artifact)))
            }
            "Bucket" => {
                let found = Api::<Bucket>::namespaced(client, &namespace).get_opt(name).await;
                found.map(|found| found.map(|source| source.status.and_then(|status| status.artifact)))
            }
            "ExternalArtifact" => {
                // As with the real one, whose feature gate is off unless its Deployment says otherwise.
                let message = format!(
                    "can't access 'ExternalArtifact/{namespace}/{name}', ExternalArtifact feature gate is disabled"
                );
                conditions.set("Ready", "False", "AccessDenied", &message);
                conditions.set("Stalled", "True", "AccessDenied", &message);
                conditions.remove("Reconciling");
                let (reason, annotations) = said(Some(status), "error");
                self.events.warning(object, &reason, &message, annotations).await;
                return Err(Action::OnChange);
            }
            kind => {
                failed(&format!("source `{name}` kind '{kind}' not supported"));
                return Err(Action::Retry);
            }
        };
        match found {
            Ok(Some(artifact)) => artifact.ok_or_else(|| {
                let wait = format_duration(DEPENDENCY_INTERVAL);
                failed(&format!("Source artifact not found, retrying in {wait}"));
                Action::After(DEPENDENCY_INTERVAL)
            }),
            Ok(None) => {
                failed(&format!("{}.source.toolkit.fluxcd.io \"{name}\" not found", reference.kind));
                Err(Action::After(object.spec.retry_interval()))
            }
            Err(error) => {
                failed(&format!("unable to get source '{namespace}/{name}': {error}"));
                Err(Action::Retry)
            }
        }
    }

    async fn run(&self, attempt: &mut Attempt<'_>, artifact: &Artifact) -> Result<(), Error> {
        let object = attempt.object;
        attempt.conditions().set("Ready", "Unknown", "Progressing", "Reconciliation in progress");
        attempt.progress("Fetching manifests").await?;
        let before = attempt.status.inventory.clone();
        let folder = build::open(&self.context.artifacts, artifact, object).await?;
        attempt.status.last_attempted_revision = Some(attempt.revision.clone());
        attempt.progress("Building manifests").await?;
        let Built { mut objects, digest } = folder.build(object, &self.context.client).await?;
        attempt.digest = Some(digest);
        attempt.progress("Detecting drift").await?;
        let cluster = self.cluster(object);
        prepare(&mut objects, object, &cluster).await;
        let applier = Applier {
            cluster: &cluster,
            force: object.spec.force,
            clock: self.context.clock.clone(),
            timeout: object.spec.timeout(),
        };
        let changes = applier.apply_all(&objects).await?;
        let log = apply::log(&changes);
        if !log.is_empty() {
            self.announce(attempt, log.trim_end()).await;
        }
        let entries = changes.iter().map(|(identity, _)| inventory::entry(identity)).collect();
        let current = Inventory { entries };
        let stale = inventory::stale(before.as_ref(), &current);
        attempt.status.inventory = Some(current);
        self.prune(attempt, &cluster, &stale).await?;
        self.check(attempt, &cluster, &changes).await?;
        attempt.status.last_applied_revision = Some(attempt.revision.clone());
        let message = format!("Applied revision: {}", attempt.revision);
        attempt.conditions().set("Ready", "True", "ReconciliationSucceeded", &message);
        Ok(())
    }

    async fn prune(
        &self,
        attempt: &mut Attempt<'_>,
        cluster: &Cluster,
        stale: &[Identity],
    ) -> Result<(), Error> {
        if !attempt.object.spec.prune || stale.is_empty() {
            return Ok(());
        }
        let (namespace, name) = (attempt.object.namespace().unwrap_or_default(), attempt.object.name_any());
        match prune::delete(cluster, stale, (&namespace, &name)).await {
            Ok(deleted) if deleted.is_empty() => Ok(()),
            Ok(deleted) => {
                self.announce(attempt, &prune::log(&deleted)).await;
                Ok(())
            }
            Err((deleted, reason)) => {
                // What is left stays in the inventory, so that the next reconciliation tries again.
                let left = stale.iter().filter(|identity| !deleted.contains(identity)).map(inventory::entry);
                attempt.status.inventory.get_or_insert_default().entries.extend(left);
                Err(Error::Prune { reason })
            }
        }
    }

    async fn check(
        &self,
        attempt: &mut Attempt<'_>,
        cluster: &Cluster,
        changes: &Changes,
    ) -> Result<(), Error> {
        let spec = &attempt.object.spec;
        let objects = if spec.wait == Some(true) {
            let applied = changes.iter().filter(|(_, change)| *change != Change::Skipped);
            applied.map(|(identity, _)| identity.clone()).collect()
        } else {
            spec.health_checks.iter().flatten().map(referred).collect::<Vec<_>>()
        };
        let (namespace, name) = (attempt.object.namespace().unwrap_or_default(), attempt.object.name_any());
        let is_self = |one: &Identity| {
            one.kind.kind == "Kustomization" && one.name == name && one.namespace == namespace
        };
        if objects.is_empty() {
            attempt.conditions().remove("Healthy");
            return Ok(());
        }
        let objects = objects.into_iter().filter(|one| !is_self(one)).collect::<Vec<_>>();
        let was_healthy = attempt.conditions().is("Healthy", "True");
        let message = format!(
            "Running health checks for revision {} with a timeout of {}",
            attempt.revision,
            timeout_text(attempt.object)
        );
        attempt.conditions().set("Healthy", "Unknown", "Progressing", &message);
        attempt.progress("Running health checks").await?;
        let start = Instant::now();
        let pace = (&self.context.clock, self.context.health_interval);
        let rules = Rules::new(spec.health_check_exprs.as_deref()).unwrap_or_default();
        let wait = health::wait(cluster, &objects, spec.timeout(), pace, &rules);
        let result = tokio::select! {
            result = wait => result,
            () = self.sources.overtakes(attempt.object, &attempt.revision) => {
                let reference = &attempt.object.spec.source_ref;
                let namespace = reference.namespace.clone().unwrap_or(namespace);
                let source_name = format!("{}/{namespace}/{}", reference.kind, reference.name);
                return Err(Error::Overtaken { source_name });
            }
        };
        if let Err(reason) = result {
            attempt.conditions().set("Healthy", "False", "HealthCheckFailed", &reason);
            return Err(Error::Health { took: health::took(start), reason });
        }
        let message = format!("Health check passed in {}", health::took(start));
        let fresh = attempt.status.last_applied_revision.as_deref() != Some(attempt.revision.as_str());
        let drifted =
            changes.iter().any(|(_, change)| matches!(change, Change::Created | Change::Configured));
        if !was_healthy || (fresh && drifted) {
            self.announce(attempt, &message).await;
        }
        attempt.conditions().set("Healthy", "True", "Succeeded", &message);
        Ok(attempt.patcher.status(&attempt.status).await?)
    }

    async fn announce(&self, attempt: &Attempt<'_>, message: &str) {
        let (reason, annotations) = said(Some(&attempt.status), "info");
        self.events.normal(attempt.object, &reason, message, annotations).await;
    }

    /// The verdict: on the object, in its history, as an event.
    async fn conclude(&self, attempt: &mut Attempt<'_>, result: Result<(), Error>) -> Action {
        let spec = &attempt.object.spec;
        let Err(error) = result else {
            attempt.remember("ReconciliationSucceeded");
            return Action::After(spec.interval());
        };
        let message = error.to_string();
        attempt.conditions().set("Ready", "False", error.reason(), &message);
        if let Error::Overtaken { source_name } = &error {
            let message =
                format!("Health checks canceled due to new reconciliation triggered by {source_name}");
            self.announce(attempt, &message).await;
            return Action::After(Duration::ZERO);
        }
        if !matches!(error, Error::Path { .. } | Error::Artifact { .. }) {
            attempt.remember(error.reason());
        }
        let (reason, annotations) = said(Some(&attempt.status), "error");
        self.events.warning(attempt.object, &reason, &message, annotations).await;
        Action::After(spec.retry_interval())
    }

    async fn work(
        &self,
        object: &Kustomization,
        status: KustomizationStatus,
        patcher: Patcher<Kustomization>,
    ) -> (Action, Option<String>) {
        let start = Instant::now();
        let revision = String::new();
        let mut attempt = Attempt { object, status, patcher, revision, start, digest: None };
        let rules = Rules::new(object.spec.health_check_exprs.as_deref());
        let source = match &rules {
            Ok(_) => self.source(object, &mut attempt.status).await,
            Err(reason) => Err(self.misconfigured(&mut attempt, reason).await),
        };
        let (action, trigger) = match source {
            Err(action) => (action, None),
            Ok(artifact) => {
                attempt.revision.clone_from(&artifact.revision);
                (self.with_source(&mut attempt, &artifact).await, Some(artifact.revision))
            }
        };
        if let Some(request) = object.annotations().get(RECONCILE_ANNOTATION) {
            attempt.status.last_handled_reconcile_at = Some(request.clone());
        }
        attempt.conditions().finish();
        let ready = attempt.conditions().is("Ready", "True");
        if ready {
            attempt.status.observed_generation = object.metadata.generation.unwrap_or_default();
        }
        if let Err(error) = attempt.patcher.status(&attempt.status).await {
            tracing::debug!(%error, "status of Kustomization not written");
            return (Action::Retry, trigger);
        }
        if ready {
            let (took, next) = (format_duration(start.elapsed()), format_duration(object.spec.interval()));
            self.announce(&attempt, &format!("Reconciliation finished in {took}, next run in {next}")).await;
        }
        (action, trigger)
    }

    /// Stops for good: only another spec can help.
    async fn misconfigured(&self, attempt: &mut Attempt<'_>, reason: &str) -> Action {
        let message = format!("Reconciliation failed terminally due to configuration error: {reason}");
        let mut conditions = attempt.conditions();
        conditions.remove("Reconciling");
        conditions.set("Ready", "False", "InvalidCELExpression", &message);
        conditions.set("Stalled", "True", "InvalidCELExpression", &message);
        attempt.status.observed_generation = attempt.object.metadata.generation.unwrap_or_default();
        let (reason, annotations) = said(Some(&attempt.status), "error");
        self.events.warning(attempt.object, &reason, &message, annotations).await;
        Action::OnChange
    }

    async fn with_source(&self, attempt: &mut Attempt<'_>, artifact: &Artifact) -> Action {
        let object = attempt.object;
        let held = match dependencies::check(object, &artifact.revision, &self.context.client).await {
            Err(Held::Wrong(reason)) => return self.misconfigured(attempt, &reason).await,
            Err(Held::NotReady(reason)) => Err(reason),
            Ok(()) => Ok(()),
        };
        if let Err(reason) = held {
            attempt.conditions().set("Ready", "False", "DependencyNotReady", &reason);
            let wait = format_duration(DEPENDENCY_INTERVAL);
            self.announce(attempt, &format!("Dependencies do not meet ready condition, retrying in {wait}"))
                .await;
            return Action::After(DEPENDENCY_INTERVAL);
        }
        let result = self.run(attempt, artifact).await;
        self.conclude(attempt, result).await
    }
}

#[async_trait]
impl Reconciler for Kustomize {
    type Object = Kustomization;

    fn trigger(&self, object: &Kustomization) -> Option<String> {
        self.sources.revision(object)
    }

    async fn reconcile(&self, object: Kustomization) -> (Action, Option<String>) {
        let status = object.status.clone().unwrap_or_default();
        let patcher = Patcher::new(&self.context.client, &object, &status, STATUS_MANAGER);
        let trigger = self.sources.revision(&object);
        if object.metadata.deletion_timestamp.is_some() {
            let gone = match self.finalize(&object).await {
                Ok(()) => patcher.remove_finalizer(&object).await.is_ok(),
                Err(reason) => {
                    tracing::debug!(reason, "Kustomization not finalized");
                    false
                }
            };
            return (if gone { Action::OnChange } else { Action::Retry }, trigger);
        }
        if let Err(error) = patcher.add_finalizer(&object).await {
            tracing::debug!(%error, "finalizer of Kustomization not written");
            return (Action::Retry, trigger);
        }
        if object.spec.suspend == Some(true) {
            return (Action::OnChange, trigger);
        }
        self.work(&object, status, patcher).await
    }
}

/// Owner labels, common metadata, and the order of applying. Kinds without namespaces lose theirs.
async fn prepare(objects: &mut [Value], object: &Kustomization, cluster: &Cluster) {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    for built in objects.iter_mut() {
        normalize::own(built, &name, &namespace);
        normalize::normalize(built);
        if let Some(common) = &object.spec.common_metadata {
            normalize::add_common(built, common);
        }
        let identity = Identity::of(built);
        if !identity.namespace.is_empty()
            && !cluster.is_namespaced(&identity.kind).await
            && let Some(metadata) = built["metadata"].as_object_mut()
        {
            metadata.shift_remove("namespace");
        }
    }
    apply::sort(objects);
}

fn referred(reference: &ObjectReference) -> Identity {
    let object = serde_json::json!({
        "apiVersion": reference.api_version, "kind": reference.kind,
        "metadata": { "name": reference.name, "namespace": reference.namespace },
    });
    Identity::of(&object)
}

fn timeout_text(object: &Kustomization) -> String {
    format_duration(object.spec.timeout())
}

/// An event's reason, which is the one on `Ready`, and its annotations.
fn said(status: Option<&KustomizationStatus>, otherwise: &str) -> (String, BTreeMap<String, String>) {
    let ready = status.and_then(|status| status.conditions.iter().find(|one| one.kind == "Ready"));
    let reason = ready.map_or(otherwise, |condition| condition.reason.as_str()).to_owned();
    let revision = status.and_then(|status| status.last_attempted_revision.clone());
    let annotation = |revision| ("kustomize.toolkit.fluxcd.io/revision".to_owned(), revision);
    (reason, revision.map(annotation).into_iter().collect())
}
