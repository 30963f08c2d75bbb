//! Packages a chart of a source's tree: its version, its values, its archive.

use std::collections::BTreeMap;

use kube::ResourceExt as _;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::fetch::{Build, invalid};
use crate::artifacts::{Chart as Package, Files};
use crate::controllers::source::Failure;
use crate::manifests::charts::{Chart, File, read_values, without_ignored};
use crate::manifests::{semver::Version, yaml};
use crate::objects::flux::HelmChart;

/// A chart of a source's tree, on its way into an archive.
pub(super) struct Draft {
    /// Its files, without those that `.helmignore` names.
    pub(super) files: Files,
    pub(super) chart: Chart,
    /// Its folder in the tree.
    pub(super) path: String,
    /// With what the object adds to it.
    pub(super) version: String,
    /// Whether `charts/` may be filled: not of an archive.
    pub(super) is_folder: bool,
    values: Option<(Map<String, Value>, Vec<String>)>,
}

/// What is to be done about a chart.
pub(super) enum Work {
    /// Nothing: the tree has its archive.
    Done(Build),
    /// It is to be packaged.
    Package(Box<Draft>),
}

/// The tree of a source.
pub(super) struct Folder {
    pub(super) files: Files,
    pub(super) revision: String,
}

/// What messages call the tree: the real controller has a temporary folder there.
fn root(object: &HelmChart) -> String {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let digest = Sha256::digest(format!("{namespace}/{name}").as_bytes());
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("/tmp/helmchart-{namespace}-{name}-{number}/source")
}

/// A path within a tree; whatever leaves the tree is cut off at its root.
pub(super) fn inside(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn values_failed(reason: &str) -> Failure {
    Failure::new("BuildFailed", "ValuesFilesError", format!("values files merge error: {reason}")).stalled()
}

fn package_failed(reason: &str) -> Failure {
    Failure::new("BuildFailed", "ChartPackageError", format!("chart package error: {reason}"))
}

/// A chart's version with what the object adds to it.
pub(super) fn with_metadata(version: &str, metadata: &str) -> Result<String, Failure> {
    if metadata.is_empty() {
        return Ok(version.to_owned());
    }
    let parsed = Version::parse(version).map_err(|error| {
        let reason = format!("failed to parse version from chart metadata as SemVer: {error}");
        let message = format!("chart metadata patch error: {reason}");
        Failure::new("BuildFailed", "MetadataPatchError", message).stalled()
    })?;
    let Version { major, minor, patch, prerelease, .. } = parsed;
    let dash = if prerelease.is_empty() { "" } else { "-" };
    Ok(format!("{major}.{minor}.{patch}{dash}{prerelease}+{metadata}"))
}

/// Reads the chart of a source's tree.
pub(super) fn draft(object: &HelmChart, folder: &Folder) -> Result<Work, Failure> {
    let spec = &object.spec;
    let path = inside(&spec.chart);
    let missing = |path: &str| invalid(&format!("stat {}/{path}: no such file or directory", root(object)));
    let archived = folder.files.get(&path).cloned();
    let files = if let Some(archive) = &archived {
        unpacked(archive).map_err(|reason| invalid(&reason))?
    } else {
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        let found = folder.files.iter().filter_map(|(name, bytes)| {
            name.strip_prefix(&below).map(|name| (name.to_owned(), bytes.clone()))
        });
        let found = found.collect::<Files>();
        if found.is_empty() {
            return Err(missing(&path));
        }
        if !found.contains_key("Chart.yaml") {
            return Err(missing(&format!("{below}Chart.yaml")));
        }
        found
    };
    let (files, chart) = load(files, archived.is_none()).map_err(|reason| invalid(&reason))?;
    let (name, version) = (chart.metadata.name.clone(), chart.metadata.version.clone());
    let lists_files = spec.values_files.as_ref().is_some_and(|files| !files.is_empty());
    let mut metadata = Vec::new();
    if spec.reconcile_strategy == "Revision" {
        let hash = folder.revision.rsplit(':').next().unwrap_or_default();
        metadata.push(hash.chars().take(12).collect::<String>());
    }
    if lists_files {
        metadata.push(object.metadata.generation.unwrap_or_default().to_string());
    }
    let version = with_metadata(&version, &metadata.join("."))?;
    if let (Some(archive), true) = (&archived, metadata.is_empty()) {
        let archive = archive.clone();
        return Ok(Work::Done(Build { name, version, archive, packaged: false, values_files: Vec::new() }));
    }
    let values =
        lists_files.then(|| merged(object, |path| folder.files.get(&inside(path)).cloned())).transpose()?;
    let is_folder = archived.is_none();
    Ok(Work::Package(Box::new(Draft { files, chart, path, version, is_folder, values })))
}

impl Draft {
    /// Packages it.
    pub(super) fn package(self) -> Result<Build, Failure> {
        package(self.files, self.chart.metadata.name, self.version, self.values)
    }
}

/// The values of `valuesFiles`, and which of the files are there.
pub(super) fn merged(
    object: &HelmChart,
    read: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<(Map<String, Value>, Vec<String>), Failure> {
    let spec = &object.spec;
    let (mut values, mut used) = (Map::new(), Vec::new());
    for path in spec.values_files.iter().flatten() {
        let Some(bytes) = read(path) else {
            if spec.ignore_missing_values_files == Some(true) {
                continue;
            }
            let reason = format!("no values file found at path '/{}' (reference '{path}')", inside(path));
            return Err(values_failed(&reason));
        };
        let more = read_values(&String::from_utf8_lossy(&bytes));
        let more = more.map_err(|reason| {
            values_failed(&format!("unmarshaling values from '{path}' failed: {reason}"))
        })?;
        merge(&mut values, more);
        used.push(path.clone());
    }
    Ok((values, used))
}

/// Puts values over others, tables together.
fn merge(values: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (values.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => drop(values.insert(key, value)),
        }
    }
}

/// Packages files under another version and with other values.
pub(super) fn package(
    mut files: Files,
    name: String,
    version: String,
    values: Option<(Map<String, Value>, Vec<String>)>,
) -> Result<Build, Failure> {
    let mut values_files = Vec::new();
    if let Some((values, used)) = values {
        files.insert("values.yaml".to_owned(), yaml::write(&Value::Object(values)).into_bytes());
        values_files = used;
    }
    let packaged =
        Package::package(files, Some(&version), None).map_err(|error| package_failed(&error.to_string()))?;
    Ok(Build { name, version, archive: packaged.archive, packaged: true, values_files })
}

/// The files of a chart, and the chart. Of a folder those are left out that `.helmignore` names.
pub(super) fn load(files: Files, is_folder: bool) -> Result<(Files, Chart), String> {
    let all = files.into_iter().map(|(name, data)| File { name, data }).collect();
    let kept = if is_folder { without_ignored(all).map_err(|error| error.to_string())? } else { all };
    let chart = Chart::from_files(kept.clone()).map_err(|error| error.to_string())?;
    Ok((kept.into_iter().map(|file| (file.name, file.data)).collect(), chart))
}

/// The files of a chart's archive, without the folder that they are in.
pub(super) fn unpacked(archive: &[u8]) -> Result<Files, String> {
    let files = crate::artifacts::unpack(archive).map_err(|error| error.to_string())?;
    let inner =
        |(path, bytes): (String, Vec<u8>)| path.split_once('/').map(|(_, path)| (path.to_owned(), bytes));
    Ok(files.into_iter().filter_map(inner).collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_get_the_metadata_of_the_source() {
        for (version, metadata, expected) in [
            ("0.1.0", "", "0.1.0"),
            ("v0.1", "c27ea25f9dbf", "0.1.0+c27ea25f9dbf"),
            ("1.0.0-rc.1+x", "3", "1.0.0-rc.1+3"),
        ] {
            assert_eq!(with_metadata(version, metadata).unwrap(), expected);
        }
        assert_eq!(inside("./charts/../../a//b"), "a/b");
    }
}
