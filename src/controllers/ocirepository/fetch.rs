//! From a registry to an artifact: which manifest, which layer, and what of it is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt as _;
use serde_json::Value;

use super::reference::newest;
use crate::artifacts::{Entry, pack, unpack};
use crate::controllers::Context;
use crate::controllers::gitrepository::leaves_out;
use crate::controllers::source::{
    Attempt, Failure, Fetch, Kept, Repository, Settled, SourceObject, Tls, Unusable, credentials,
};
use crate::objects::flux::{OCIRepository, SourceStatus};
use crate::objects::parse_duration;

/// The media type of a chart's layer.
pub(in crate::controllers) const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

impl SourceObject for OCIRepository {
    const FOLDER: &'static str = "ocirepository";
    const LATEST: &'static str = "latest.tar.gz";

    fn status(&self) -> Option<&SourceStatus> {
        self.status.as_ref()
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend == Some(true)
    }

    fn interval(&self) -> Duration {
        parse_duration(&self.spec.interval).unwrap_or(Duration::from_secs(60))
    }
}

/// Fetches `OCIRepositories`.
pub(super) struct Oci {
    context: Context,
}

fn pull_failed(message: String) -> Failure {
    Failure::new("FetchFailed", "OCIArtifactPullFailed", message)
}

fn layer_failed(message: String) -> Failure {
    Failure::new("FetchFailed", "OCIArtifactLayerOperationFailed", message)
}

impl Oci {
    pub(super) fn new(context: Context) -> Self {
        Self { context }
    }

    async fn open(&self, object: &OCIRepository) -> Result<Repository, Failure> {
        let spec = &object.spec;
        let secret = spec.secret_ref.as_ref().map(|secret| secret.name.as_str());
        let namespace = object.namespace().unwrap_or_default();
        let host = Repository::host_of(&spec.url);
        let mut credentials = credentials(&self.context.client, &namespace, secret, host).await?;
        if let Some(secret) = &spec.cert_secret_ref {
            let found = Tls::of_secret(&self.context.client, &namespace, &secret.name).await;
            credentials.tls = found.map_err(|reason| {
                let (Unusable::NotRead(reason) | Unusable::Incomplete(reason)) = reason;
                let message = format!("failed to generate transport for '{}': {reason}", spec.url);
                Failure::new("FetchFailed", "AuthenticationFailed", message)
            })?;
        }
        let opened = Repository::open(&self.context, &spec.url, spec.insecure == Some(true), &credentials);
        opened.await.map_err(|reason| {
            let message = format!("URL validation failed for '{}': {reason}", spec.url);
            Failure::new("FetchFailed", "URLInvalid", message).stalled()
        })
    }

    /// The digest of what the reference names, and the revision, such as `1.0.0@sha256:<digest>`.
    async fn resolve(
        &self,
        object: &OCIRepository,
        repository: &Repository,
    ) -> Result<(String, String, String), Failure> {
        let reference = object.spec.reference.clone().unwrap_or_default();
        let place = format!("{}/{}", repository.host, repository.name);
        if let Some(digest) = reference.digest {
            return Ok((digest.clone(), digest.clone(), format!("{place}@{digest}")));
        }
        let tag = if let Some(range) = &reference.semver {
            let undecided = |reason: String| {
                let message =
                    format!("failed to determine the artifact tag for '{}': {reason}", object.spec.url);
                Failure::new("FetchFailed", "ReadOperationFailed", message)
            };
            let tags = repository.tags().await.map_err(undecided)?;
            let filter = reference.semver_filter.as_deref();
            newest(&tags, range, filter, media_type(object) == Some(CHART_LAYER)).map_err(undecided)?
        } else {
            reference.tag.unwrap_or_else(|| "latest".to_owned())
        };
        let digest = repository.digest(&tag).await;
        let digest =
            digest.map_err(|reason| pull_failed(format!("failed to determine artifact digest: {reason}")))?;
        Ok((digest.clone(), format!("{tag}@{digest}"), format!("{place}:{tag}")))
    }
}

fn media_type(object: &OCIRepository) -> Option<&str> {
    object.spec.layer_selector.as_ref().and_then(|selector| selector.media_type.as_deref())
}

/// The digest of the layer that is asked for.
fn layer(manifest: &Value, wanted: Option<&str>) -> Result<String, String> {
    let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = match wanted {
        Some(wanted) => layers
            .iter()
            .find(|layer| layer["mediaType"] == wanted)
            .ok_or_else(|| format!("failed to find layer with media type '{wanted}' in artifact"))?,
        None => layers.first().ok_or("no layers found in artifact")?,
    };
    Ok(found["digest"].as_str().unwrap_or_default().to_owned())
}

/// Unpacks a layer and packs what is not left out.
fn repack(layer: &[u8], ignore: Option<&str>) -> Result<Vec<u8>, crate::artifacts::Error> {
    let files = unpack(layer)?;
    let left_out = leaves_out(&files, ignore);
    let kept = files.into_iter().filter(|(path, _)| !left_out.contains(path));
    pack(&kept.map(|(path, bytes)| (path, Entry::File(bytes))).collect())
}

#[async_trait]
impl Fetch for Oci {
    type Object = OCIRepository;

    async fn fetch(&self, attempt: &mut Attempt<'_, OCIRepository>) -> Result<Settled, Failure> {
        let object = attempt.object;
        let spec = &object.spec;
        let repository = self.open(object).await?;
        let (digest, revision, shown) = self.resolve(object, &repository).await?;
        let settled = |kept| Settled {
            kept,
            reason: "Succeeded",
            message: format!("stored artifact for digest '{revision}'"),
            event: ("NewArtifact", format!("stored artifact with revision '{revision}' from '{}'", spec.url)),
        };
        let same = attempt.status.observed_ignore == spec.ignore
            && attempt.status.observed_layer_selector == spec.layer_selector;
        if attempt.has(&revision) && same {
            return Ok(settled(Kept::Same));
        }
        if !attempt.has(&revision) {
            attempt.announce("NewRevision", &format!("new revision '{revision}' for '{shown}'")).await?;
        }
        let pulling =
            |reason: String| pull_failed(format!("failed to pull artifact from '{}': {reason}", spec.url));
        let manifest = repository.manifest(&digest).await.map_err(pulling)?;
        let wanted = layer(&manifest, media_type(object)).map_err(layer_failed)?;
        let bytes = repository.blob(&wanted).await.map_err(pulling)?;
        let operation = spec.layer_selector.as_ref().and_then(|selector| selector.operation.as_deref());
        let bytes = if operation == Some("copy") {
            bytes
        } else {
            let ignore = spec.ignore.clone();
            let work = tokio::task::spawn_blocking(move || repack(&bytes, ignore.as_deref())).await;
            let failed = |reason: String| {
                layer_failed(format!("failed to extract layer contents from artifact: {reason}"))
            };
            work.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?
        };
        let annotations = manifest["annotations"].as_object().map(|found| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            found.iter().map(|(key, value)| (key.clone(), text(value))).collect::<BTreeMap<_, _>>()
        });
        attempt.store(format!("{digest}.tar.gz"), revision.clone(), bytes, annotations).await?;
        attempt.status.observed_ignore.clone_from(&spec.ignore);
        attempt.status.observed_layer_selector.clone_from(&spec.layer_selector);
        Ok(settled(Kept::New))
    }
}
