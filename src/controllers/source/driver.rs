//! The order of a source's reconciliation: finaliser, suspend, storage, source, artifact, garbage, verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt as _};

use crate::artifacts::Storage;
use crate::controllers::{
    Action, Context, Reconciler,
    events::Recorder,
    gitrepository::{MANAGER, STORAGE_URL},
    status::{Conditions, Patcher, now},
};
use crate::objects::flux::{Artifact, RECONCILE_ANNOTATION, SourceStatus};

/// A kind of source.
pub(in crate::controllers) trait SourceObject:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + std::fmt::Debug
    + serde::de::DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// The kind in paths of artifacts.
    const FOLDER: &'static str;
    /// The name by which the newest artifact can always be had.
    const LATEST: &'static str;

    /// Its status.
    fn status(&self) -> Option<&SourceStatus>;
    /// Whether nothing is to be done.
    fn is_suspended(&self) -> bool;
    /// How often to look.
    fn interval(&self) -> Duration;
}

/// Why there is no artifact.
#[derive(Debug)]
pub(in crate::controllers) struct Failure {
    condition: &'static str,
    reason: &'static str,
    message: String,
    /// Whether only a change can help.
    stalled: bool,
}

impl Failure {
    pub(in crate::controllers) fn new(
        condition: &'static str,
        reason: &'static str,
        message: String,
    ) -> Self {
        Self { condition, reason, message, stalled: false }
    }

    /// One that only a change of the object or its source can help.
    pub(in crate::controllers) fn stalled(self) -> Self {
        Self { stalled: true, ..self }
    }

    /// What is told.
    pub(in crate::controllers) fn message(&self) -> &str {
        &self.message
    }

    /// The artifact cannot be stored.
    pub(in crate::controllers) fn storage(error: &crate::artifacts::Error) -> Self {
        let message = format!("unable to archive artifact to storage: {error}");
        Self::new("StorageOperationFailed", "ArchiveOperationFailed", message)
    }

    fn api(error: &kube::Error) -> Self {
        Self::new("FetchFailed", "PatchOperationFailed", error.to_string())
    }
}

/// Whether there is something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Kept {
    /// A new artifact is stored.
    New,
    /// The one that is stored is still right.
    Same,
}

/// A good end: the condition's reason and message, and what an event says of a new artifact.
pub(in crate::controllers) struct Settled {
    pub(in crate::controllers) kept: Kept,
    pub(in crate::controllers) reason: &'static str,
    pub(in crate::controllers) message: String,
    pub(in crate::controllers) event: (&'static str, String),
}

/// Fetches sources of one kind.
#[async_trait]
pub(in crate::controllers) trait Fetch: Send + Sync + 'static {
    /// The kind.
    type Object: SourceObject;

    /// What else calls for a reconciliation when it changes.
    fn trigger(&self, _object: &Self::Object) -> Option<String> {
        None
    }

    /// Whether nothing is ever fetched for the object, which is a mere description.
    fn is_static(&self, _object: &Self::Object) -> bool {
        false
    }

    /// Stores what the object asks for.
    async fn fetch(&self, attempt: &mut Attempt<'_, Self::Object>) -> Result<Settled, Failure>;
}

/// One reconciliation under way.
pub(in crate::controllers) struct Attempt<'a, K> {
    pub(in crate::controllers) object: &'a K,
    pub(in crate::controllers) status: SourceStatus,
    pub(in crate::controllers) storage: Storage,
    patcher: Patcher<K>,
}

impl<K: SourceObject> Attempt<'_, K> {
    pub(in crate::controllers) fn conditions(&mut self) -> Conditions<'_> {
        Conditions { list: &mut self.status.conditions, generation: self.object.meta().generation }
    }

    async fn patch(&mut self) -> Result<(), Failure> {
        self.patcher.status(&self.status).await.map_err(|error| Failure::api(&error))
    }

    /// Marks the object as under way, and forgets an artifact that is gone.
    async fn start(&mut self) -> Result<(), Failure> {
        let artifact = self.status.artifact.clone();
        let held = artifact.as_ref().is_some_and(|one| self.storage.holds(&one.path, &one.digest));
        let (observed, generation) = (self.status.observed_generation, self.object.meta().generation);
        let message = match (held, artifact.is_some()) {
            (true, _) if generation == Some(observed) => "reconciliation in progress".to_owned(),
            (true, _) => {
                format!("processing object: new generation {observed} -> {}", generation.unwrap_or_default())
            }
            (false, false) => "building artifact".to_owned(),
            (false, true) => "building artifact: disappeared from storage".to_owned(),
        };
        let mut conditions = self.conditions();
        conditions.remove("Stalled");
        conditions.set("Reconciling", "True", "Progressing", &message);
        if !held {
            conditions.remove("ArtifactInStorage");
            conditions.set("Ready", "Unknown", "Progressing", &message);
            (self.status.artifact, self.status.url) = (None, None);
            self.patch().await?;
        }
        Ok(())
    }

    /// Tells on the object that there is something new.
    pub(in crate::controllers) async fn announce(
        &mut self,
        reason: &str,
        message: &str,
    ) -> Result<(), Failure> {
        let outdated = self.status.artifact.is_some();
        let mut conditions = self.conditions();
        if outdated {
            conditions.set("ArtifactOutdated", "True", reason, message);
        }
        let building = format!("building artifact: {message}");
        conditions.set("Reconciling", "True", "Progressing", &building);
        conditions.set("Ready", "Unknown", "Progressing", &building);
        self.patch().await
    }

    /// Whether the stored artifact is of this revision.
    pub(in crate::controllers) fn has(&self, revision: &str) -> bool {
        self.status.artifact.as_ref().is_some_and(|artifact| artifact.revision == revision)
    }

    /// Stores a file as the new artifact.
    pub(in crate::controllers) async fn store(
        &mut self,
        file: String,
        revision: String,
        bytes: Vec<u8>,
        metadata: Option<BTreeMap<String, String>>,
    ) -> Result<(), Failure> {
        let (namespace, name) = (self.object.namespace().unwrap_or_default(), self.object.name_any());
        let storage = self.storage.clone();
        let place = format!("{STORAGE_URL}/{}/{namespace}/{name}/{}", K::FOLDER, K::LATEST);
        let work = tokio::task::spawn_blocking(move || {
            storage.store_bytes([K::FOLDER, &namespace, &name], &file, &bytes)
        });
        let failed = |error: tokio::task::JoinError| crate::artifacts::Error::Archive {
            source: std::io::Error::other(error),
        };
        let stored = work.await.map_err(failed).and_then(|stored| stored);
        let stored = stored.map_err(|error| Failure::storage(&error))?;
        self.status.artifact = Some(Artifact {
            digest: stored.digest,
            last_update_time: now(),
            metadata,
            url: format!("{STORAGE_URL}/{}", stored.path),
            path: stored.path,
            revision,
            size: i64::try_from(stored.size).ok(),
        });
        self.status.url = Some(place);
        Ok(())
    }
}

/// Reconciles sources of one kind.
pub(in crate::controllers) struct Driver<F> {
    fetch: F,
    context: Context,
    events: Recorder,
}

impl<F: Fetch> Driver<F> {
    pub(in crate::controllers) fn new(fetch: F, context: Context) -> Self {
        let events = Recorder::new(context.client.clone(), MANAGER);
        Self { fetch, context, events }
    }

    async fn delete(&self, object: &F::Object, patcher: &Patcher<F::Object>) -> Result<(), kube::Error> {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        if let Err(error) = self.context.artifacts.remove([F::Object::FOLDER, &namespace, &name]) {
            tracing::debug!(%error, "artifacts not removed");
        }
        patcher.remove_finalizer(object).await
    }

    async fn work(&self, attempt: &mut Attempt<'_, F::Object>) -> Action {
        let failed_before = ["FetchFailed", "BuildFailed", "StorageOperationFailed"]
            .iter()
            .any(|kind| attempt.conditions().is(kind, "True"));
        let result = match attempt.start().await {
            Ok(()) => self.fetch.fetch(attempt).await,
            Err(failure) => Err(failure),
        };
        match result {
            Ok(settled) => {
                self.succeed(attempt, &settled, failed_before).await;
                Action::After(attempt.object.interval())
            }
            Err(failure) => {
                self.fail(attempt, &failure).await;
                if failure.stalled { Action::OnChange } else { Action::Retry }
            }
        }
    }

    async fn succeed(&self, attempt: &mut Attempt<'_, F::Object>, settled: &Settled, failed_before: bool) {
        let Some(artifact) = attempt.status.artifact.clone() else { return };
        let mut conditions = attempt.conditions();
        for kind in ["FetchFailed", "BuildFailed", "StorageOperationFailed", "ArtifactOutdated"] {
            conditions.remove(kind);
        }
        conditions.set("ArtifactInStorage", "True", settled.reason, &settled.message);
        conditions.set("Ready", "True", settled.reason, &settled.message);
        conditions.finish();
        attempt.status.observed_generation = attempt.object.meta().generation.unwrap_or_default();
        let annotations = [("revision", &artifact.revision), ("digest", &artifact.digest)]
            .map(|(name, value)| (format!("source.toolkit.fluxcd.io/{name}"), value.clone()));
        let (reason, message) = &settled.event;
        if settled.kept == Kept::New || failed_before {
            self.events.normal(attempt.object, reason, message, annotations.into()).await;
        } else {
            let message = format!("artifact up-to-date with remote revision: '{}'", artifact.revision);
            self.events.normal(attempt.object, "ArtifactUpToDate", &message, BTreeMap::new()).await;
        }
        self.collect(attempt.object, &artifact).await;
    }

    async fn collect(&self, object: &F::Object, artifact: &Artifact) {
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let file = artifact.path.rsplit('/').next().unwrap_or_default();
        match self.context.artifacts.collect([F::Object::FOLDER, &namespace, &name], file) {
            Ok(0) => {}
            Ok(count) => {
                let message = format!("garbage collected {count} artifacts");
                self.events.normal(object, "GarbageCollectionSucceeded", &message, BTreeMap::new()).await;
            }
            Err(error) => tracing::debug!(%error, "garbage not collected"),
        }
    }

    async fn fail(&self, attempt: &mut Attempt<'_, F::Object>, failure: &Failure) {
        let Failure { condition, reason, message, stalled } = failure;
        let mut conditions = attempt.conditions();
        conditions.set(condition, "True", reason, message);
        conditions.set("Ready", "False", reason, message);
        if *stalled {
            conditions.remove("Reconciling");
            conditions.set("Stalled", "True", reason, message);
            attempt.status.observed_generation = attempt.object.meta().generation.unwrap_or_default();
        } else {
            conditions.finish();
        }
        self.events.warning(attempt.object, reason, message, BTreeMap::new()).await;
    }
}

#[async_trait]
impl<F: Fetch> Reconciler for Driver<F> {
    type Object = F::Object;

    fn trigger(&self, object: &F::Object) -> Option<String> {
        self.fetch.trigger(object)
    }

    async fn reconcile(&self, object: F::Object) -> (Action, Option<String>) {
        let trigger = self.fetch.trigger(&object);
        let status = object.status().cloned().unwrap_or_default();
        let patcher = Patcher::new(&self.context.client, &object, &status, MANAGER);
        if object.meta().deletion_timestamp.is_some() {
            let gone = self.delete(&object, &patcher).await.is_ok();
            return (if gone { Action::OnChange } else { Action::Retry }, trigger);
        }
        if self.fetch.is_static(&object) {
            return (Action::OnChange, trigger);
        }
        if let Err(error) = patcher.add_finalizer(&object).await {
            tracing::debug!(%error, "finalizer of source not written");
            return (Action::Retry, trigger);
        }
        if object.is_suspended() {
            return (Action::OnChange, trigger);
        }
        let storage = self.context.artifacts.clone();
        let mut attempt = Attempt { object: &object, status, storage, patcher };
        let action = self.work(&mut attempt).await;
        if let Some(request) = object.annotations().get(RECONCILE_ANNOTATION) {
            attempt.status.last_handled_reconcile_at = Some(request.clone());
        }
        match attempt.patch().await {
            Ok(()) => (action, trigger),
            Err(failure) => {
                tracing::debug!(reason = failure.message, "status of source not written");
                (Action::Retry, trigger)
            }
        }
    }
}

/// Reads an object that a source is built from; the failure says that it is not there.
pub(in crate::controllers) async fn get<K>(client: &Client, namespace: &str, name: &str) -> Result<K, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    let found = Api::<K>::namespaced(client.clone(), namespace).get(name).await;
    found.map_err(|error| {
        let reason = match error {
            kube::Error::Api(status) => status.message.clone(),
            error => error.to_string(),
        };
        Failure::new("FetchFailed", "SourceUnavailable", format!("failed to get source: {reason}"))
    })
}
