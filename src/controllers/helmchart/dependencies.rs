//! The charts that a chart of a source's tree needs and does not have in `charts/`: from elsewhere in the tree, from an
//! index over HTTP, from a registry. <https://helm.sh/docs/helm/helm_dependency/>

use std::time::Duration;

use kube::{Api, ResourceExt as _};
use serde::Deserialize;

use super::build::{Draft, inside, load, unpacked};
use super::pull::{layer_of, version_of};
use crate::artifacts::Files;
use crate::controllers::Context;
use crate::controllers::helmrepository::Index;
use crate::controllers::source::{Credentials, Failure, Repository, credentials_of_charts, fetch};
use crate::manifests::charts::{Chart, Dependency};
use crate::manifests::semver::{Constraint, Version};
use crate::manifests::yaml::read_legacy;
use crate::objects::flux::{HelmChart, HelmRepository};
use crate::objects::parse_duration;

/// The most charts that one chart may fetch.
const LIMIT: usize = 100;

/// `Chart.lock`, and `requirements.lock` of old charts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Lock {
    dependencies: Vec<Dependency>,
}

fn failed(reason: &str) -> Failure {
    Failure::new("BuildFailed", "DependencyBuildError", format!("dependency build error: {reason}"))
}

/// Adds what is missing to a chart's files.
pub(super) async fn add(
    context: &Context,
    object: &HelmChart,
    tree: &Files,
    draft: &mut Draft,
) -> Result<(), Failure> {
    let missing = missing(&draft.chart, &draft.files);
    if missing.len() > LIMIT {
        return Err(failed(&format!("{} dependencies are more than {LIMIT}", missing.len())));
    }
    for wanted in missing {
        let name = called(&wanted).to_owned();
        let is_local = wanted.repository.is_empty() || wanted.repository.starts_with("file://");
        let found =
            if is_local { local(tree, &draft.path, &wanted) } else { remote(context, object, &wanted).await };
        let sort = if is_local { "local" } else { "remote" };
        let files =
            found.map_err(|reason| failed(&format!("failed to add {sort} dependency '{name}': {reason}")))?;
        for (path, bytes) in files {
            let bytes =
                if path == "Chart.yaml" && !wanted.alias.is_empty() { renamed(&bytes, &name) } else { bytes };
            draft.files.insert(format!("charts/{name}/{path}"), bytes);
        }
    }
    Ok(())
}

/// The name that a chart has below its parent.
fn called(wanted: &Dependency) -> &str {
    if wanted.alias.is_empty() { &wanted.name } else { &wanted.alias }
}

/// What is asked for and not in `charts/`. What is locked counts rather than `Chart.yaml`.
fn missing(chart: &Chart, files: &Files) -> Vec<Dependency> {
    let lock = files.get("Chart.lock").or_else(|| files.get("requirements.lock"));
    let lock = lock.and_then(|bytes| read_legacy(&String::from_utf8_lossy(bytes)).ok());
    let lock = lock.and_then(|value| serde_json::from_value::<Lock>(value).ok());
    let wanted = lock.map_or_else(|| chart.metadata.dependencies.clone(), |lock| lock.dependencies);
    if wanted.len() == chart.dependencies.len() {
        return Vec::new();
    }
    let is_there = |name: &str| chart.dependencies.iter().any(|one| one.metadata.name == name);
    wanted.into_iter().filter(|wanted| !is_there(called(wanted))).collect()
}

/// `Chart.yaml` with another name.
fn renamed(about: &[u8], name: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(about);
    let line = |line: &str| if line.starts_with("name:") { format!("name: {name}") } else { line.to_owned() };
    let lines = text.lines().map(line).collect::<Vec<_>>();
    (lines.join("\n") + "\n").into_bytes()
}

/// A chart of the same tree. A path cannot leave the tree.
fn local(tree: &Files, parent: &str, wanted: &Dependency) -> Result<Files, String> {
    let reference = &wanted.repository;
    let below = match reference.strip_prefix("file://") {
        Some(path) => format!("{parent}/{path}"),
        None => format!("{parent}/charts/{}", wanted.name),
    };
    let path = inside(&below);
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    let is_archive = tree.contains_key(&path);
    let found = tree.range(folder.clone()..).take_while(|(name, _)| name.starts_with(&folder));
    let below =
        || found.map(|(name, bytes)| (name[folder.len()..].to_owned(), bytes.clone())).collect::<Files>();
    let files = tree.get(&path).map_or_else(|| Ok(below()), |archive| unpacked(archive));
    let unread =
        |reason: &str| format!("failed to load chart from '/{path}' (reference '{reference}'): {reason}");
    let files = files.map_err(|reason| unread(&reason))?;
    if files.is_empty() {
        return Err(format!("no chart found at '/{path}' (reference '{reference}')"));
    }
    let range = Constraint::parse(&wanted.version)
        .map_err(|error| format!("invalid version/constraint format '{}': {error}", wanted.version))?;
    let (files, chart) = load(files, !is_archive).map_err(|reason| unread(&reason))?;
    let version = Version::parse(&chart.metadata.version).map_err(|error| error.to_string())?;
    if range.allows(&version) {
        Ok(files)
    } else {
        Err(format!("can't get a valid version for constraint '{}'", wanted.version))
    }
}

/// An address with one slash at the end, or none where it is of a registry.
fn normalized(url: &str) -> String {
    let bare = url.trim_end_matches('/');
    if url.starts_with("oci://") { bare.to_owned() } else { format!("{bare}/") }
}

/// A chart of a repository. One that the namespace has a `HelmRepository` for is fetched as that says.
async fn remote(context: &Context, object: &HelmChart, wanted: &Dependency) -> Result<Files, String> {
    let url = normalized(&wanted.repository);
    if url.starts_with('@') {
        return Err(format!("aliased repository dependency is not supported: {url}"));
    }
    if !["oci://", "http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(format!("invalid dependency repository URL: {url}"));
    }
    let namespace = object.namespace().unwrap_or_default();
    let all = Api::<HelmRepository>::namespaced(context.client.clone(), &namespace);
    let all = all.list(&kube::api::ListParams::default()).await;
    let all = all.map_err(|error| format!("failed to get chart repository for URL '{url}': {error}"))?;
    let source = all.items.into_iter().find(|one| normalized(&one.spec.url) == url);
    let from = From { context, namespace, url, source };
    let unknown = |reason: String| {
        format!(
            "failed to get chart '{}' version '{}' from '{}': {reason}",
            wanted.name, wanted.version, wanted.repository
        )
    };
    let (version, archive) = if wanted.repository.starts_with("oci://") {
        let repository = from.registry(&wanted.name).await?;
        let version = version_of(&repository, &wanted.name, &wanted.version).await.map_err(unknown)?;
        let archive = layer_of(&repository, &version).await;
        (version, archive)
    } else {
        let index = from.index().await.map_err(unknown)?;
        let (version, address) = index.find(&wanted.name, &wanted.version).map_err(unknown)?;
        let archive = from.file(&address).await;
        (version, archive)
    };
    let archive =
        archive.map_err(|reason| format!("chart download of version '{version}' failed: {reason}"))?;
    let files = unpacked(&archive).and_then(|files| load(files, false).map(|(files, _)| files));
    files.map_err(|reason| format!("failed to load downloaded archive of version '{version}': {reason}"))
}

/// Where a dependency comes from.
struct From<'a> {
    context: &'a Context,
    namespace: String,
    url: String,
    source: Option<HelmRepository>,
}

impl From<'_> {
    async fn credentials(&self) -> Result<Credentials, String> {
        let Some(source) = &self.source else { return Ok(Credentials::default()) };
        let found = credentials_of_charts(&self.context.client, &self.namespace, source).await;
        found.map_err(|failure| failure.message().to_owned())
    }

    fn limit(&self) -> Duration {
        let given = self.source.as_ref().and_then(|source| source.spec.timeout.as_deref());
        given.and_then(|text| parse_duration(text).ok()).unwrap_or(Duration::from_secs(60))
    }

    async fn registry(&self, chart: &str) -> Result<Repository, String> {
        let insecure = self.source.as_ref().is_some_and(|source| source.spec.insecure == Some(true));
        let url = format!("{}/{chart}", self.url);
        Repository::open(self.context, &url, insecure, &self.credentials().await?).await
    }

    /// The index that is stored, else the one at the address.
    async fn index(&self) -> Result<Index, String> {
        let status = self.source.as_ref().and_then(|source| source.status.as_ref());
        let artifact = status.and_then(|status| status.artifact.as_ref());
        let stored = artifact.and_then(|one| self.context.artifacts.bytes(&one.path, &one.digest).ok());
        let bytes = match stored {
            Some(bytes) => bytes,
            None => self.file("index.yaml").await?,
        };
        Index::read(&String::from_utf8_lossy(&bytes))
    }

    /// A file, whose address may be below the repository's. Credentials stay with their host.
    async fn file(&self, address: &str) -> Result<Vec<u8>, String> {
        let url = if address.contains("://") { address.to_owned() } else { format!("{}{address}", self.url) };
        let passes = self.source.as_ref().is_some_and(|source| source.spec.pass_credentials == Some(true));
        let own = Repository::host_of(&url) == Repository::host_of(&self.url);
        let credentials = if own || passes { self.credentials().await? } else { Credentials::default() };
        fetch(self.context, &url, &credentials, self.limit()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Files {
        let chart = |name: &str, version: &str| {
            format!("apiVersion: v2\nname: {name}\nversion: {version}\n").into_bytes()
        };
        [
            ("charts/app/Chart.yaml", chart("app", "1.0.0")),
            ("charts/app/charts/own/Chart.yaml", chart("own", "0.3.0")),
            ("common/Chart.yaml", chart("common", "1.2.3")),
            ("common/.helmignore", b"notes.txt\n".to_vec()),
            ("common/notes.txt", b"left out".to_vec()),
            ("broken/Chart.yaml", b"name: [\n".to_vec()),
        ]
        .map(|(path, bytes)| (path.to_owned(), bytes))
        .into()
    }

    #[test]
    fn charts_of_the_same_tree_are_found_and_cannot_leave_it() {
        for (repository, version, expected) in [
            ("file://../../common", ">=1.0.0", Ok(vec![".helmignore", "Chart.yaml"])),
            ("file://../../../../../common", "1.x", Ok(vec![".helmignore", "Chart.yaml"])),
            ("file://../../common", "2.x", Err("can't get a valid version for constraint '2.x'")),
            ("file://../../nope", "*", Err("no chart found at '/nope' (reference 'file://../../nope')")),
            ("file://../../common", "x y", Err("invalid version/constraint format 'x y': ")),
            (
                "file://../../broken",
                "*",
                Err("failed to load chart from '/broken' (reference 'file://../../broken'): "),
            ),
        ] {
            let wanted = Dependency {
                name: "common".to_owned(),
                version: version.to_owned(),
                repository: repository.to_owned(),
                ..Dependency::default()
            };
            match (local(&tree(), "charts/app", &wanted), expected) {
                (Ok(files), Ok(expected)) => assert_eq!(files.keys().collect::<Vec<_>>(), expected),
                (Err(reason), Err(expected)) => assert!(reason.starts_with(expected), "{reason}"),
                (found, expected) => panic!("{repository} {version}: {found:?}, not {expected:?}"),
            }
        }
        let wanted =
            Dependency { name: "own".to_owned(), version: "0.x".to_owned(), ..Dependency::default() };
        assert_eq!(local(&tree(), "charts/app", &wanted).unwrap().len(), 1);
    }

    #[test]
    fn addresses_end_in_a_slash_but_those_of_registries() {
        assert_eq!(normalized("https://a/b"), "https://a/b/");
        assert_eq!(normalized("https://a/b//"), "https://a/b/");
        assert_eq!(normalized("oci://a/b/"), "oci://a/b");
        assert_eq!(
            renamed(b"apiVersion: v2\nname: a\nversion: 1", "b"),
            b"apiVersion: v2\nname: b\nversion: 1\n"
        );
    }
}
