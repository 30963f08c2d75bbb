//! Pulls a chart: from a registry, or from where the index of a repository says.

use std::time::Duration;

use kube::ResourceExt as _;

use super::build::{merged, package, unpacked, with_metadata};
use super::fetch::{Build, invalid, not_pulled};
use crate::controllers::Context;
use crate::controllers::helmrepository::Index;
use crate::controllers::ocirepository::CHART_LAYER;
use crate::controllers::source::{Credentials, Failure, Repository, credentials_of_charts, fetch};
use crate::manifests::semver::{Constraint, Version, compare};
use crate::objects::flux::{Artifact, HelmChart, HelmRepository};
use crate::objects::parse_duration;

/// The tag with the newest version of a range.
fn newest(tags: &[String], range: &str) -> Result<String, String> {
    let none = || format!("could not locate a version matching provided version string {range}");
    let range = if range.is_empty() { "*" } else { range };
    let constraint = Constraint::parse(range).map_err(|_| none())?;
    let versions = tags.iter().filter_map(|tag| Version::parse(&tag.replace('_', "+")).ok());
    let newest = versions.filter(|version| constraint.allows(version)).max_by(compare);
    newest.map(|version| version.original).ok_or_else(none)
}

/// Pulls a chart from a registry.
pub(super) async fn from_registry(
    context: &Context,
    object: &HelmChart,
    source: &HelmRepository,
) -> Result<Build, Failure> {
    let spec = &object.spec;
    let credentials =
        credentials_of_charts(&context.client, &object.namespace().unwrap_or_default(), source).await?;
    let url = format!("{}/{}", source.spec.url.trim_end_matches('/'), spec.chart);
    let insecure = source.spec.insecure == Some(true);
    let repository =
        Repository::open(context, &url, insecure, &credentials).await.map_err(|reason| invalid(&reason))?;
    let version = version_of(&repository, &spec.chart, &spec.version).await.map_err(|reason| {
        not_pulled(&format!("failed to get chart version for remote reference: {reason}"))
    })?;
    let archive = layer_of(&repository, &version)
        .await
        .map_err(|reason| not_pulled(&format!("failed to download chart for remote reference: {reason}")))?;
    finish(object, version, archive)
}

/// The version of a chart in a registry: the one that is named, or the newest of a range.
pub(super) async fn version_of(repository: &Repository, name: &str, range: &str) -> Result<String, String> {
    if Version::parse(range).is_ok() {
        return Ok(range.to_owned());
    }
    let tags = repository.tags().await;
    let tags = tags.map_err(|reason| format!("could not get tags for \"{name}\": {reason}"))?;
    newest(&tags, range)
}

/// The archive of a chart in a registry.
pub(super) async fn layer_of(repository: &Repository, version: &str) -> Result<Vec<u8>, String> {
    let manifest = repository.manifest(&version.replace('+', "_")).await?;
    let layer = manifest["layers"].as_array().into_iter().flatten();
    let layer = layer.into_iter().find(|layer| layer["mediaType"] == CHART_LAYER);
    let layer = layer
        .and_then(|layer| layer["digest"].as_str())
        .ok_or_else(|| format!("manifest does not contain a layer with mediatype {CHART_LAYER}"))?;
    repository.blob(layer).await
}

/// Pulls a chart from where an index says.
pub(super) async fn from_index(
    context: &Context,
    object: &HelmChart,
    source: &HelmRepository,
    artifact: &Artifact,
) -> Result<Build, Failure> {
    let spec = &object.spec;
    let index = context.artifacts.bytes(&artifact.path, &artifact.digest);
    let index = index.map_err(|error| error.to_string());
    let index = index.and_then(|bytes| Index::read(&String::from_utf8_lossy(&bytes)));
    let wrong =
        |reason: String| invalid(&format!("failed to get chart version for remote reference: {reason}"));
    let (version, address) = index.and_then(|index| index.find(&spec.chart, &spec.version)).map_err(wrong)?;
    let base = source.spec.url.trim_end_matches('/');
    let is_elsewhere = address.contains("://");
    let url = if is_elsewhere { address } else { format!("{base}/{address}") };
    let own = Repository::host_of(&url) == Repository::host_of(base);
    let credentials = if own || source.spec.pass_credentials == Some(true) {
        credentials_of_charts(&context.client, &object.namespace().unwrap_or_default(), source).await?
    } else {
        Credentials::default()
    };
    let limit = source.spec.timeout.as_deref().and_then(|text| parse_duration(text).ok());
    let fetched = fetch(context, &url, &credentials, limit.unwrap_or(Duration::from_secs(60))).await;
    let archive = fetched
        .map_err(|reason| not_pulled(&format!("failed to download chart for remote reference: {reason}")))?;
    finish(object, version, archive)
}

/// Checks what was pulled, and gives it other values where some are asked for.
fn finish(object: &HelmChart, version: String, archive: Vec<u8>) -> Result<Build, Failure> {
    let broken =
        |reason: String| not_pulled(&format!("failed to load chart metadata from written chart: {reason}"));
    let chart = crate::manifests::charts::Chart::from_archive(&archive);
    let chart = chart.map_err(|error| broken(error.to_string()))?;
    let name = object.spec.chart.clone();
    if object.spec.values_files.as_ref().is_none_or(Vec::is_empty) {
        return Ok(Build { name, version, archive, packaged: false, values_files: Vec::new() });
    }
    let generation = object.metadata.generation.unwrap_or_default().to_string();
    let version = with_metadata(&version, &generation)?;
    let files = unpacked(&archive).map_err(broken)?;
    let values = merged(object, |path| files.get(path.trim_start_matches("./")).cloned())?;
    package(files, chart.metadata.name, version, Some(values))
}
