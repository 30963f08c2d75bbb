//! The order of a reconciliation: finaliser, suspend, storage, source, artifact, garbage, verdict.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt as _};

use super::advertisement::{Address, references};
use super::checkout::checkout;
use super::error::Error;
use super::reference::{Resolved, resolve};
use crate::artifacts::Storage;
use crate::controllers::{
    Action, Context, Reconciler,
    events::Recorder,
    source::{Relay, Tls},
    status::{Conditions, Patcher, now},
};
use crate::objects::{
    flux::{Artifact, GitRepository, GitRepositoryStatus, RECONCILE_ANNOTATION},
    parse_duration,
};

pub(in crate::controllers) const MANAGER: &str = "source-controller";
/// The storage's address inside the cluster.
pub(in crate::controllers) const STORAGE_URL: &str =
    "http://source-controller.flux-system.svc.cluster.local.";

/// The reconciler of GitRepository.
pub(super) struct Source {
    context: Context,
    events: Recorder,
}

/// What a good reconciliation has to tell.
enum Done {
    /// A new artifact, of a commit with this summary.
    Stored(String),
    /// Nothing new.
    Unchanged,
}

impl Source {
    pub(super) fn new(context: Context) -> Self {
        let events = Recorder::new(context.client.clone(), MANAGER);
        Self { context, events }
    }

    fn storage(&self) -> &Storage {
        &self.context.artifacts
    }

    async fn delete(&self, object: &GitRepository, patcher: &Patcher<GitRepository>) -> Result<(), Error> {
        let (namespace, name) = names(object);
        let removed = self.storage().remove(["gitrepository", &namespace, &name]);
        if let Err(error) = removed {
            tracing::debug!(%error, "artifacts not removed");
        }
        Ok(patcher.remove_finalizer(object).await?)
    }

    /// Marks the object as under way, and says what is missing.
    async fn start(
        &self,
        object: &GitRepository,
        status: &mut GitRepositoryStatus,
        patcher: &mut Patcher<GitRepository>,
    ) -> Result<(), Error> {
        let artifact = status.artifact.clone();
        let held =
            artifact.as_ref().is_some_and(|artifact| self.storage().holds(&artifact.path, &artifact.digest));
        let observed = status.observed_generation;
        let generation = object.metadata.generation;
        let mut conditions = Conditions { list: &mut status.conditions, generation };
        conditions.remove("Stalled");
        let message = match (held, &artifact) {
            (true, _) if generation == Some(observed) => "reconciliation in progress".to_owned(),
            (true, _) => {
                format!("processing object: new generation {observed} -> {}", generation.unwrap_or_default())
            }
            (false, None) => "building artifact".to_owned(),
            (false, Some(_)) => "building artifact: disappeared from storage".to_owned(),
        };
        conditions.set("Reconciling", "True", "Progressing", &message);
        if !held {
            conditions.remove("ArtifactInStorage");
            conditions.set("Ready", "Unknown", "Progressing", &message);
            status.artifact = None;
            patcher.status(&status).await?;
        }
        Ok(())
    }

    async fn fetch(
        &self,
        object: &GitRepository,
        status: &mut GitRepositoryStatus,
        patcher: &mut Patcher<GitRepository>,
    ) -> Result<Done, Error> {
        let spec = &object.spec;
        let limit = parse_duration(&spec.timeout).unwrap_or(Duration::from_secs(60));
        let deadline = Instant::now() + limit;
        let mut address = self.address(object).await?;
        let cloning = |reason| Error::Clone { url: spec.url.clone(), reason };
        let relay = Relay::to(&address.reached, &address.tls).await.map_err(cloning)?;
        if let Some(relay) = &relay {
            address.reached = relay.reached(&address.reached);
        }
        // What the relay has met says more than what it answered.
        let cloning = |reason| {
            let met = relay.as_ref().and_then(Relay::trouble);
            Error::Clone { url: spec.url.clone(), reason: met.unwrap_or(reason) }
        };
        let found = references(&address, limit).await.map_err(cloning)?;
        if found.is_empty() {
            return Err(Error::Empty);
        }
        let resolved = resolve(spec.reference.as_ref(), &found, &spec.url)?;
        let mut conditions =
            Conditions { list: &mut status.conditions, generation: object.metadata.generation };
        conditions.remove("FetchFailed");
        let current = status.artifact.as_ref();
        let unchanged = current.is_some_and(|artifact| artifact.revision == resolved.revision);
        if unchanged && status.observed_ignore == spec.ignore {
            return Ok(Done::Unchanged);
        }
        if !unchanged {
            let message = format!("new upstream revision '{}'", resolved.revision);
            conditions.set("ArtifactOutdated", "True", "NewRevision", &message);
            let message = format!("building artifact: {message}");
            conditions.set("Reconciling", "True", "Progressing", &message);
            conditions.set("Ready", "Unknown", "Progressing", &message);
            patcher.status(&status).await?;
        }
        self.store(object, status, &address, resolved, deadline).await.map(Done::Stored)
    }

    async fn store(
        &self,
        object: &GitRepository,
        status: &mut GitRepositoryStatus,
        address: &Address,
        resolved: Resolved,
        deadline: Instant,
    ) -> Result<String, Error> {
        let (namespace, name) = names(object);
        let cache = self.storage().cache("gitrepository", &namespace, &name)?;
        let Resolved { fetched, commit, revision } = resolved;
        let (address, ignore, storage) =
            (address.clone(), object.spec.ignore.clone(), self.storage().clone());
        let url = object.spec.url.clone();
        let file = format!("{commit}.tar.gz");
        let work = tokio::task::spawn_blocking(move || {
            let found = checkout(&cache, &address, fetched.as_deref(), &commit, ignore.as_deref(), deadline);
            let found = found.map_err(|reason| Error::Clone { url, reason })?;
            let stored = storage.store(["gitrepository", &namespace, &name], &file, &found.tree)?;
            Ok::<_, Error>((found.summary, stored))
        });
        let reason = |reason: String| Error::Clone { url: object.spec.url.clone(), reason };
        let (summary, stored) = work.await.map_err(|error| reason(error.to_string()))??;
        let url = format!("{STORAGE_URL}/{}", stored.path);
        status.artifact = Some(Artifact {
            digest: stored.digest,
            last_update_time: now(),
            metadata: None,
            path: stored.path,
            revision,
            size: i64::try_from(stored.size).ok(),
            url,
        });
        status.observed_ignore.clone_from(&object.spec.ignore);
        Ok(summary)
    }

    /// Where the repository is, and with which credentials.
    async fn address(&self, object: &GitRepository) -> Result<Address, Error> {
        let shown = object.spec.url.trim_end_matches('/').to_owned();
        let reached = match shown.split_once("://") {
            Some(("http", rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                format!("http://{}{path}", (self.context.resolve)(authority))
            }
            _ => shown.clone(),
        };
        let Some(secret) = &object.spec.secret_ref else {
            return Ok(Address { shown, reached, authorization: None, tls: Tls::default() });
        };
        let (namespace, _) = names(object);
        let api = Api::<Secret>::namespaced(self.context.client.clone(), &namespace);
        let wrong = |reason: String| Error::Secret {
            namespace: namespace.clone(),
            name: secret.name.clone(),
            reason,
        };
        let found = api.get(&secret.name).await.map_err(|error| match error {
            kube::Error::Api(status) => wrong(status.message.clone()),
            error => wrong(error.to_string()),
        })?;
        let field = |name: &str| {
            let bytes = found.data.as_ref().and_then(|data| data.get(name))?;
            Some(String::from_utf8_lossy(&bytes.0).into_owned())
        };
        let authorization = match (field("bearerToken"), field("username"), field("password")) {
            (Some(token), ..) => Some(format!("Bearer {token}")),
            (None, Some(user), Some(password)) => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            (None, Some(_), None) => {
                return Err(wrong("required fields 'username' and 'password'".to_owned()));
            }
            _ => None,
        };
        let tls = Tls::of_data(&found.data.clone().unwrap_or_default());
        Ok(Address { shown, reached, authorization, tls })
    }

    async fn succeed(&self, object: &GitRepository, status: &mut GitRepositoryStatus, done: &Done) {
        let Some(artifact) = status.artifact.clone() else { return };
        let mut conditions =
            Conditions { list: &mut status.conditions, generation: object.metadata.generation };
        let failed = conditions.is("FetchFailed", "True") || conditions.is("StorageOperationFailed", "True");
        for kind in ["FetchFailed", "StorageOperationFailed", "ArtifactOutdated"] {
            conditions.remove(kind);
        }
        let message = format!("stored artifact for revision '{}'", artifact.revision);
        conditions.set("ArtifactInStorage", "True", "Succeeded", &message);
        conditions.set("Ready", "True", "Succeeded", &message);
        conditions.finish();
        status.observed_generation = object.metadata.generation.unwrap_or_default();
        let annotations = annotations(&artifact);
        match done {
            Done::Stored(summary) => {
                let message = format!("stored artifact for commit '{}'", short(summary));
                self.events.normal(object, "NewArtifact", &message, annotations).await;
                self.collect(object, &artifact).await;
            }
            Done::Unchanged if failed => {
                let message = format!("stored artifact for commit '{}'", artifact.revision);
                self.events.normal(object, "Succeeded", &message, annotations).await;
            }
            Done::Unchanged => {
                let message = format!(
                    "no changes since last reconciliation: observed revision '{}'",
                    artifact.revision
                );
                self.events.normal(object, "GitOperationSucceeded", &message, BTreeMap::new()).await;
            }
        }
    }

    async fn collect(&self, object: &GitRepository, artifact: &Artifact) {
        let (namespace, name) = names(object);
        let file = artifact.path.rsplit('/').next().unwrap_or_default();
        match self.storage().collect(["gitrepository", &namespace, &name], file) {
            Ok(0) => {}
            Ok(count) => {
                let message = format!("garbage collected {count} artifacts");
                self.events.normal(object, "GarbageCollectionSucceeded", &message, BTreeMap::new()).await;
            }
            Err(error) => tracing::debug!(%error, "garbage not collected"),
        }
    }

    async fn fail(&self, object: &GitRepository, status: &mut GitRepositoryStatus, error: &Error) {
        let (kind, reason) = error.condition();
        let message = error.to_string();
        let mut conditions =
            Conditions { list: &mut status.conditions, generation: object.metadata.generation };
        conditions.set(kind, "True", reason, &message);
        conditions.set("Ready", "False", reason, &message);
        conditions.finish();
        self.events.warning(object, reason, &message, BTreeMap::new()).await;
    }
}

#[async_trait]
impl Reconciler for Source {
    type Object = GitRepository;

    async fn reconcile(&self, object: GitRepository) -> (Action, Option<String>) {
        let mut status = object.status.clone().unwrap_or_default();
        let mut patcher = Patcher::new(&self.context.client, &object, &status, MANAGER);
        let retry = |error: &dyn std::error::Error| {
            tracing::debug!(%error, "GitRepository not reconciled");
            (Action::Retry, None)
        };
        if object.metadata.deletion_timestamp.is_some() {
            return match self.delete(&object, &patcher).await {
                Ok(()) => (Action::OnChange, None),
                Err(error) => retry(&error),
            };
        }
        if let Err(error) = patcher.add_finalizer(&object).await {
            return retry(&error);
        }
        if object.spec.suspend == Some(true) {
            return (Action::OnChange, None);
        }
        let fetched = match self.start(&object, &mut status, &mut patcher).await {
            Ok(()) => self.fetch(&object, &mut status, &mut patcher).await,
            Err(error) => Err(error),
        };
        let action = match fetched {
            Ok(done) => {
                self.succeed(&object, &mut status, &done).await;
                Action::After(parse_duration(&object.spec.interval).unwrap_or(Duration::from_secs(60)))
            }
            Err(error) => {
                self.fail(&object, &mut status, &error).await;
                Action::Retry
            }
        };
        if let Some(request) = object.annotations().get(RECONCILE_ANNOTATION) {
            status.last_handled_reconcile_at = Some(request.clone());
        }
        match patcher.status(&status).await {
            Ok(()) => (action, None),
            Err(error) => retry(&error),
        }
    }
}

fn names(object: &GitRepository) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn annotations(artifact: &Artifact) -> BTreeMap<String, String> {
    [("revision", &artifact.revision), ("digest", &artifact.digest)]
        .map(|(name, value)| (format!("source.toolkit.fluxcd.io/{name}"), value.clone()))
        .into()
}

/// The first 50 characters, as Flux shortens messages of commits.
fn short(summary: &str) -> String {
    if summary.chars().count() <= 50 {
        return summary.to_owned();
    }
    format!("{}...", summary.chars().take(50).collect::<String>())
}
