//! From a `HelmChart` to an artifact: its source, what is pulled or packaged, the words about it.

use std::time::Duration;

use async_trait::async_trait;
use kube::ResourceExt as _;

use super::build::{Folder, Work, draft};
use super::dependencies;
use super::pull::{from_index, from_registry};
use crate::controllers::Context;
use crate::controllers::revisions::{Key, Revisions};
use crate::controllers::source::{Attempt, Failure, Fetch, Kept, Settled, SourceObject, get};
use crate::objects::flux::{Artifact, Bucket, GitRepository, HelmChart, HelmRepository, SourceStatus};
use crate::objects::parse_duration;

impl SourceObject for HelmChart {
    const FOLDER: &'static str = "helmchart";
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

/// Where a chart comes from.
pub(super) fn source_of(chart: &HelmChart) -> Key {
    let reference = &chart.spec.source_ref;
    (reference.kind.clone(), chart.namespace().unwrap_or_default(), reference.name.clone())
}

/// A chart's archive.
pub(super) struct Build {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) archive: Vec<u8>,
    /// Whether it was packaged here.
    pub(super) packaged: bool,
    /// The files of values that were merged.
    pub(super) values_files: Vec<String>,
}

impl Build {
    fn summary(&self) -> String {
        let verb = if self.packaged { "packaged" } else { "pulled" };
        let merged = if self.values_files.is_empty() {
            String::new()
        } else {
            format!(" and merged values files [{}]", self.values_files.join(" "))
        };
        format!("{verb} '{}' chart with version '{}'{merged}", self.name, self.version)
    }

    fn reason(&self) -> &'static str {
        if self.packaged { "ChartPackageSucceeded" } else { "ChartPullSucceeded" }
    }
}

/// The chart is not where it should be.
pub(super) fn invalid(reason: &str) -> Failure {
    let message = format!("invalid chart reference: {reason}");
    Failure::new("FetchFailed", "InvalidChartReference", message).stalled()
}

/// The chart cannot be pulled.
pub(super) fn not_pulled(reason: &str) -> Failure {
    let lower = reason.to_lowercase();
    if ["401", "unauthorized", "authentication required"].iter().any(|word| lower.contains(word)) {
        let message = format!("failed to authenticate with the Helm repository: chart pull error: {reason}");
        return Failure::new("FetchFailed", "AuthenticationFailed", message);
    }
    Failure::new("FetchFailed", "ChartPullError", format!("chart pull error: {reason}"))
}

/// Fetches `HelmCharts`.
pub(super) struct Charts {
    context: Context,
    revisions: Revisions,
}

impl Charts {
    pub(super) fn new(context: Context, revisions: Revisions) -> Self {
        Self { context, revisions }
    }

    fn artifact<'a>(object: &HelmChart, artifact: Option<&'a Artifact>) -> Result<&'a Artifact, Failure> {
        let reference = &object.spec.source_ref;
        artifact.ok_or_else(|| {
            let message = format!("no artifact available for {} source '{}'", reference.kind, reference.name);
            Failure::new("FetchFailed", "NoSourceArtifact", message)
        })
    }

    async fn of_git(&self, attempt: &mut Attempt<'_, HelmChart>) -> Result<Build, Failure> {
        let object = attempt.object;
        let (_, namespace, name) = source_of(object);
        let source: GitRepository = get(&self.context.client, &namespace, &name).await?;
        let artifact = source.status.as_ref().and_then(|status| status.artifact.as_ref());
        let artifact = Self::artifact(object, artifact)?.clone();
        self.of_artifact(attempt, artifact).await
    }

    /// Packages a folder of a source's artifact.
    async fn of_artifact(
        &self,
        attempt: &mut Attempt<'_, HelmChart>,
        artifact: Artifact,
    ) -> Result<Build, Failure> {
        attempt.status.observed_source_artifact_revision = Some(artifact.revision.clone());
        let (storage, object) = (attempt.storage.clone(), attempt.object.clone());
        let work = tokio::task::spawn_blocking(move || {
            let files = storage.read(&artifact.path, &artifact.digest);
            let files = files.map_err(|error| {
                let message = format!("failed to open source artifact: {error}");
                Failure::new("FetchFailed", "ReadOperationFailed", message)
            })?;
            let folder = Folder { files, revision: artifact.revision };
            Ok::<_, Failure>((draft(&object, &folder)?, folder))
        });
        let failed = |error: tokio::task::JoinError| {
            Failure::new("BuildFailed", "ChartPackageError", format!("chart package error: {error}"))
        };
        let (mut draft, folder) = match work.await.map_err(failed)?? {
            (Work::Done(build), _) => return Ok(build),
            (Work::Package(draft), folder) => (draft, folder),
        };
        if draft.is_folder {
            dependencies::add(&self.context, attempt.object, &folder.files, &mut draft).await?;
        }
        tokio::task::spawn_blocking(move || draft.package()).await.map_err(failed)?
    }

    async fn of_repository(&self, attempt: &mut Attempt<'_, HelmChart>) -> Result<Build, Failure> {
        let object = attempt.object;
        let (_, namespace, name) = source_of(object);
        let source: HelmRepository = get(&self.context.client, &namespace, &name).await?;
        if source.spec.is_oci() {
            return from_registry(&self.context, object, &source).await;
        }
        let artifact = source.status.as_ref().and_then(|status| status.artifact.as_ref());
        let artifact = Self::artifact(object, artifact)?;
        attempt.status.observed_source_artifact_revision = Some(artifact.revision.clone());
        from_index(&self.context, object, &source, artifact).await
    }
}

#[async_trait]
impl Fetch for Charts {
    type Object = HelmChart;

    fn trigger(&self, object: &HelmChart) -> Option<String> {
        self.revisions.get(&source_of(object))
    }

    async fn fetch(&self, attempt: &mut Attempt<'_, HelmChart>) -> Result<Settled, Failure> {
        let kind = attempt.object.spec.source_ref.kind.clone();
        let build = match kind.as_str() {
            "GitRepository" => self.of_git(attempt).await?,
            "HelmRepository" => self.of_repository(attempt).await?,
            "Bucket" => {
                let (_, namespace, name) = source_of(attempt.object);
                let bucket: Bucket = get(&self.context.client, &namespace, &name).await?;
                let artifact = bucket.status.as_ref().and_then(|status| status.artifact.as_ref());
                let artifact = Self::artifact(attempt.object, artifact)?.clone();
                self.of_artifact(attempt, artifact).await?
            }
            kind => {
                let message = format!(
                    "failed to get source: unsupported source kind '{kind}', must be one of: [HelmRepository \
                     GitRepository Bucket]"
                );
                return Err(Failure::new("FetchFailed", "UnsupportedSourceKind", message).stalled());
            }
        };
        let summary = build.summary();
        let settled = |kept| Settled {
            kept,
            reason: build.reason(),
            message: summary.clone(),
            event: (build.reason(), summary.clone()),
        };
        let known = attempt.status.observed_chart_name.as_deref() == Some(build.name.as_str());
        let generation = attempt.object.metadata.generation.unwrap_or_default();
        if known && attempt.has(&build.version) && attempt.status.observed_generation == generation {
            return Ok(settled(Kept::Same));
        }
        if !known || !attempt.has(&build.version) {
            let verb = summary.replacen("packaged", "new", 1).replacen("pulled", "new", 1);
            attempt.announce("NewChart", &verb).await?;
        }
        let before = attempt.status.artifact.as_ref().map(|artifact| artifact.digest.clone());
        let file = format!("{}-{}.tgz", build.name, build.version);
        attempt.store(file, build.version.clone(), build.archive.clone(), None).await?;
        attempt.status.observed_chart_name = Some(build.name.clone());
        let ignores = attempt.object.spec.ignore_missing_values_files == Some(true);
        attempt.status.observed_values_files = ignores.then(|| build.values_files.clone());
        let after = attempt.status.artifact.as_ref().map(|artifact| artifact.digest.clone());
        Ok(settled(if before == after { Kept::Same } else { Kept::New }))
    }
}
