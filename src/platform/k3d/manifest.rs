//! `manifest`: the operator's manifest of a pinned release, from the file that is configured, else from the cache,
//! else from the program `flux`, else from the release's address; and what of it this lab installs: the four
//! controllers, with images redirected, and a way from the forge to the receiver.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::folder::Manifest;
use super::site::Tell;
use super::{Error, Folder, Settings, Site};
use crate::events::Outcome;
use crate::platform;
use crate::platform::files::{create_folder, write};
use crate::process::Command;

/// The port of every node where the receiver answers.
pub(super) const RECEIVER_PORT: u16 = 30_292;
/// Flux's manifest has less than a tenth of this.
const SIZE_LIMIT: usize = 16 << 20;
/// How long a download or the program may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The label, without its end, that makes a role a part of another.
const AGGREGATES: &str = "rbac.authorization.k8s.io/aggregate-to-";
/// The parts of a release that workshops do not need.
const LEFT_OUT: [&str; 2] = ["image-reflector-controller", "image-automation-controller"];

impl Site {
    /// Whether the manifest is at hand.
    pub fn probe_manifest(&self) -> bool {
        self.folder.manifest().exists()
    }

    /// Gets the manifest, and keeps it in the lab. The text names where it came from and its checksum.
    pub async fn ensure_manifest(
        &self,
        home: &Path,
        tell: Tell<'_>,
    ) -> Result<(Outcome, String), platform::Error> {
        let known = self.folder.manifest_record()?;
        let same = known.as_ref().filter(|known| self.still_meant(known));
        if let Some(known) = same
            && let Ok(text) = std::fs::read_to_string(self.folder.manifest())
            && sha256(&text) == known.sha256
        {
            return Ok((Outcome::Unchanged, told(known)));
        }
        let existed = self.folder.manifest().exists();
        let (record, text) = self.find_manifest(home, same, tell).await?;
        let count = parse(&record.from, &text)?.len();
        tell(format!("{count} objects of {}", record.from));
        self.folder.keep_manifest(&text, &record)?;
        Ok((if existed { Outcome::Updated } else { Outcome::Created }, told(&record)))
    }

    fn still_meant(&self, known: &Manifest) -> bool {
        let from = match &self.settings.flux_manifest {
            // A file can have changed since.
            Some(path) => {
                let same = std::fs::read_to_string(path).is_ok_and(|text| sha256(&text) == known.sha256);
                return same && known.from == path.display().to_string();
            }
            None => known.url == self.settings.manifest_url(),
        };
        from && self.settings.flux_sha256.as_ref().is_none_or(|wanted| *wanted == known.sha256)
    }

    /// The manifest from the first place that has it. `known` is what the lab was made with, if that is still meant.
    async fn find_manifest(
        &self,
        home: &Path,
        known: Option<&Manifest>,
        tell: Tell<'_>,
    ) -> Result<(Manifest, String), Error> {
        let url = self.settings.manifest_url();
        let record = |from: String, text: &str| Manifest { from, url: url.clone(), sha256: sha256(text) };
        if let Some(path) = &self.settings.flux_manifest {
            let text = read(path)?;
            // Who names a file may change it, too.
            let record = record(path.display().to_string(), &text);
            return self.check_manifest(&record, None).map(|()| (record, text));
        }
        let cache = cached(home, &self.settings);
        if let Ok(text) = read(&cache) {
            let record = record(cache.display().to_string(), &text);
            // What is damaged, or another one than was configured since, is got again.
            if parse(&record.from, &text).is_ok() && self.check_manifest(&record, known).is_ok() {
                return Ok((record, text));
            }
        }
        if self.settings.offline {
            let reason = "it is not there, or another one than was meant, and this lab is offline".to_owned();
            return Err(Error::Manifest { from: cache.display().to_string(), reason });
        }
        let (from, text) = if let Some(found) = self.export_manifest(tell).await {
            found
        } else {
            tell(format!("the manifest of Flux {} comes from {url}", self.settings.flux_version));
            (url.clone(), download(&url).await?)
        };
        let record = record(from, &text);
        self.check_manifest(&record, known)?;
        parse(&record.from, &text)?;
        // Without a cache it is fetched again the next time.
        if let Some(folder) = cache.parent() {
            let _ = create_folder(folder).and_then(|()| write(&cache, text.as_bytes()));
        }
        Ok((record, text))
    }

    /// The manifest of the program `flux`, which has that of releases; not where another place is configured.
    async fn export_manifest(&self, tell: Tell<'_>) -> Option<(String, String)> {
        if self.settings.flux_url.is_some() {
            return None;
        }
        let version = &self.settings.flux_version;
        tell(format!("the manifest of Flux {version} comes from the program flux"));
        let export = ["install", "--export", "--version", version];
        let output = Command::new(&self.settings.flux).args(export).limit(LIMIT).run().await.ok()?;
        Some((format!("flux install --export --version {version}"), output.stdout))
    }

    /// Refuses a manifest that is not the configured one; where none is configured, one that is not the lab's first.
    fn check_manifest(&self, found: &Manifest, known: Option<&Manifest>) -> Result<(), Error> {
        let wanted = self.settings.flux_sha256.as_ref().or(known.map(|known| &known.sha256));
        match wanted.filter(|wanted| **wanted != found.sha256) {
            None => Ok(()),
            Some(wanted) => Err(Error::Checksum {
                from: found.from.clone(),
                found: found.sha256.clone(),
                wanted: wanted.clone(),
            }),
        }
    }

    /// The objects that the lab installs, in the order of the manifest.
    pub fn operator(&self) -> Result<Vec<Value>, platform::Error> {
        objects(&self.folder, &self.settings)
    }
}

/// The objects of the operator in a lab that has been set up, in the order of the manifest. Fails when the manifest was
/// never fetched.
pub fn operator(folder: &Folder) -> Result<Vec<Value>, platform::Error> {
    let settings = folder.record()?.map(|record| record.settings).unwrap_or_default();
    objects(folder, &settings)
}

fn objects(folder: &Folder, settings: &Settings) -> Result<Vec<Value>, platform::Error> {
    let path = folder.manifest();
    let from = path.display().to_string();
    let mut objects = parse(&from, &read(&path)?)?;
    objects.retain(|object| !left_out(object));
    for object in &mut objects {
        redirect(object, settings);
    }
    let receiver = receiver(&objects);
    objects.extend(receiver);
    if !objects.iter().any(is_aggregated) {
        objects.extend(roles());
    }
    Ok(objects)
}

/// Whether a role becomes a part of those that every cluster has.
fn is_aggregated(object: &Value) -> bool {
    let labels = object["metadata"]["labels"].as_object();
    object["kind"] == "ClusterRole"
        && labels.is_some_and(|labels| labels.keys().any(|key| key.starts_with(AGGREGATES)))
}

/// What lets a namespace's administrators and viewers have the operator's objects. Releases bring such roles along; a
/// manifest that was cut down may have lost them.
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles>
fn roles() -> [Value; 2] {
    let groups =
        ["source", "kustomize", "helm", "notification"].map(|part| format!("{part}.toolkit.fluxcd.io"));
    let role = |name: &str, parts: &[&str], verbs: &[&str]| {
        let labels = parts.iter().map(|part| (format!("{AGGREGATES}{part}"), json!("true")));
        let mut labels = labels.collect::<serde_json::Map<_, _>>();
        labels.insert("app.kubernetes.io/part-of".to_owned(), json!("flux"));
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name, "labels": labels},
            "rules": [{"apiGroups": groups, "resources": ["*"], "verbs": verbs}]})
    };
    let changes = ["create", "delete", "deletecollection", "patch", "update"];
    [
        role("workshop-edit", &["admin", "edit"], &changes),
        role("workshop-view", &["admin", "edit", "view"], &["get", "list", "watch"]),
    ]
}

/// The images that the containers of these objects name.
pub fn images(objects: &[Value]) -> Vec<String> {
    let containers = objects.iter().filter_map(|object| object.pointer("/spec/template/spec/containers"));
    let containers = containers.filter_map(Value::as_array).flatten();
    let mut images =
        containers.filter_map(|container| container["image"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    images.sort();
    images.dedup();
    images
}

/// The folder for manifests that were got.
const CACHE: &str = "cache";

/// Where a manifest is kept for the labs of a state folder. What comes from elsewhere than the releases' place has a
/// name of its own.
fn cached(home: &Path, settings: &Settings) -> PathBuf {
    let place = settings.flux_url.as_ref().map(|url| format!("-{}", &sha256(url)[..8])).unwrap_or_default();
    home.join(CACHE).join(format!("flux-{}{place}.yaml", settings.flux_version))
}

/// Keeps a manifest for the labs of a state folder, as if it had been downloaded. Where it is then.
pub(super) fn keep_for_labs(
    home: &Path,
    settings: &Settings,
    version: &str,
    text: &[u8],
) -> Result<PathBuf, platform::Error> {
    let settings = Settings { flux_version: version.to_owned(), ..settings.clone() };
    let path = cached(home, &settings);
    create_folder(&home.join(CACHE))?;
    write(&path, text).map(|()| path)
}

/// The manifests that are kept for the labs of a state folder, with their sizes in bytes.
pub fn manifests(home: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(home.join(CACHE)).into_iter().flatten().flatten();
    let mut found =
        entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len()))).collect::<Vec<_>>();
    found.sort();
    found
}

/// Removes the manifests that are kept for the labs of a state folder.
pub fn forget_manifests(home: &Path) -> Result<(), platform::Error> {
    let folder = home.join(CACHE);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(platform::files::file_error(&folder, error))
        }
        _ => Ok(()),
    }
}

fn told(record: &Manifest) -> String {
    format!("{}, sha256 {}", record.from, record.sha256)
}

pub(super) fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn read(path: &Path) -> Result<String, Error> {
    let unusable = |reason: String| Error::Manifest { from: path.display().to_string(), reason };
    let length = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?.len();
    if usize::try_from(length).map_or(true, |length| length > SIZE_LIMIT) {
        return Err(unusable("it has over 16 MiB".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))
}

/// By the program `curl`, which knows the machine's certificates and proxies: nothing else of ours speaks TLS to the
/// outside, and a client for this one file would bring a second set of roots along.
async fn download(url: &str) -> Result<String, Error> {
    let unusable = |reason: String| Error::Manifest { from: url.to_owned(), reason };
    let folder = tempfile::tempdir().map_err(|error| unusable(error.to_string()))?;
    let file = folder.path().join("manifest.yaml");
    let command = Command::new("curl").args([
        "--fail",
        "--location",
        "--silent",
        "--show-error",
        "--proto",
        "=https,http",
    ]);
    let command =
        command.arg("--max-filesize").arg(SIZE_LIMIT.to_string()).arg("--output").arg(&file).arg(url);
    command.limit(LIMIT).run().await.map_err(|error| unusable(error.to_string()))?;
    read(&file)
}

fn parse(from: &str, text: &str) -> Result<Vec<Value>, Error> {
    let unusable = |reason: String| Error::Manifest { from: from.to_owned(), reason };
    let options =
        serde_saphyr::options! { strict_booleans: true, legacy_octal_numbers: true, with_snippet: false };
    let documents = serde_saphyr::from_multiple_with_options::<Value>(text, options);
    let mut objects = documents.map_err(|error| unusable(error.to_string()))?;
    objects.retain(|object| !object.is_null());
    if let Some(wrong) = objects.iter().position(|object| object["kind"].as_str().is_none()) {
        return Err(unusable(format!("its document {} has no `kind`", wrong + 1)));
    }
    if !objects.iter().any(|object| object["kind"] == "Deployment") {
        return Err(unusable("it holds no Deployment".to_owned()));
    }
    Ok(objects)
}

fn left_out(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    LEFT_OUT.contains(&name) || name.ends_with(".image.toolkit.fluxcd.io")
}

fn redirect(object: &mut Value, settings: &Settings) {
    let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Some(image) = container["image"].as_str() {
            container["image"] = json!(settings.local(image));
        }
    }
}

/// The receiver on a port of the nodes, where the forge's webhooks call it, and the permission to do so. Where it
/// listens is what the manifest's own Service says.
fn receiver(objects: &[Value]) -> [Value; 2] {
    let service =
        |object: &&Value| object["kind"] == "Service" && object["metadata"]["name"] == "webhook-receiver";
    let service = objects.iter().find(service);
    let found = |pointer: &str| service.and_then(|service| service.pointer(pointer)).cloned();
    let metadata = json!({"name": "workshop-receiver", "namespace": "flux-system"});
    let selector = found("/spec/selector").unwrap_or_else(|| json!({"app": "notification-controller"}));
    let port = found("/spec/ports/0/targetPort").unwrap_or_else(|| json!(9292));
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "NodePort",
            "selector": selector, "ports": [{"name": "http", "port": 80, "protocol": "TCP",
                "targetPort": port, "nodePort": RECEIVER_PORT}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": {
            "podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": port, "protocol": "TCP"}]}]}}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_workshops_do_not_need_are_left_out() {
        let object = |name: &str| json!({"kind": "Deployment", "metadata": {"name": name}});
        assert!(left_out(&object("image-reflector-controller")));
        assert!(left_out(&object("imagepolicies.image.toolkit.fluxcd.io")));
        assert!(!left_out(&object("source-controller")));
    }

    #[test]
    fn what_is_no_manifest_is_refused_by_name() {
        let error = |text: &str| parse("flux.yaml", text).unwrap_err().to_string();
        let prefix = "the operator's manifest `flux.yaml` cannot be used:";
        assert_eq!(error("a: b\n"), format!("{prefix} its document 1 has no `kind`"));
        assert_eq!(error("kind: Service\n"), format!("{prefix} it holds no Deployment"));
    }

    #[test]
    fn receiver_is_published_where_the_release_has_it() {
        let service = json!({"kind": "Service", "metadata": {"name": "webhook-receiver"},
            "spec": {"selector": {"app": "n"}, "ports": [{"port": 80, "targetPort": "http-webhook"}]}});
        let [service, policy] = receiver(&[service]);
        assert_eq!(service["spec"]["ports"][0]["targetPort"], "http-webhook");
        assert_eq!(policy["spec"]["ingress"][0]["ports"][0]["port"], "http-webhook");
        assert_eq!(receiver(&[])[0]["spec"]["ports"][0]["targetPort"], 9292);
    }

    #[test]
    fn roles_are_known_by_their_label() {
        assert!(roles().iter().all(is_aggregated));
        assert!(!is_aggregated(&json!({"kind": "ClusterRole", "metadata": {"name": "controller"}})));
    }

    #[test]
    fn images_are_redirected_and_listed() {
        let mut object = json!({"spec": {"template": {"spec": {"containers": [
            {"image": "ghcr.io/a/b:v1@sha256:1"}, {"image": "ghcr.io/a/c:v1"}]}}}});
        let mirrors = [("ghcr.io".to_owned(), "mirror.example".to_owned())];
        redirect(&mut object, &Settings { mirrors: mirrors.into(), ..Settings::default() });
        assert_eq!(images(&[object]), ["ghcr.io/a/c:v1", "mirror.example/a/b:v1@sha256:1"]);
    }
}
