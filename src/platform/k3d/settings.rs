//! What can be configured: every image, manifest, tool and version, in one table of keys. Where a value comes from
//! (flag, environment, file) is the command line's business; here is what the values mean.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, Search};

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// As in `atelier.yaml`, the levels joined by dots.
    pub name: &'static str,
    /// The variable that sets it.
    pub variable: &'static str,
    /// Its value when nobody sets it.
    pub default: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
}

const fn key(name: &'static str, variable: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { name, variable, default, about }
}

/// Where releases of the operator are published.
const RELEASES: &str = "https://github.com/fluxcd/flux2/releases/download/{version}/install.yaml";

/// What `make workspace` calls the work environment's image.
const WORKSPACE: &str = concat!("atelier/workspace:", env!("CARGO_PKG_VERSION"));

/// The nodes' image when nobody sets it.
const K3S: &str = "rancher/k3s:v1.34.1-k3s1";
/// What that release of k3s runs besides itself, without Traefik, which labs leave out.
/// <https://github.com/k3s-io/k3s/blob/v1.34.1%2Bk3s1/scripts/airgap/image-list.txt>
const ADD_ONS: [&str; 6] = [
    "rancher/klipper-lb:v0.4.13",
    "rancher/local-path-provisioner:v0.0.32",
    "rancher/mirrored-coredns-coredns:1.12.3",
    "rancher/mirrored-library-busybox:1.36.1",
    "rancher/mirrored-metrics-server:v0.8.0",
    "rancher/mirrored-pause:3.6",
];

const KEYS: [Key; 17] = [
    key("clusters", "ATELIER_CLUSTERS", "main", "names of the clusters, with commas"),
    key("docker.host", "DOCKER_HOST", "", "address of the Docker engine; found by itself when empty"),
    key("flux.manifest", "ATELIER_FLUX_MANIFEST", "", "file with the operator's manifest"),
    key("flux.sha256", "ATELIER_FLUX_SHA256", "", "checksum that the operator's manifest must have"),
    key(
        "flux.url",
        "ATELIER_FLUX_URL",
        RELEASES,
        "where the manifest is loaded from; `{version}` is filled in",
    ),
    key("flux.version", "ATELIER_FLUX_VERSION", "v2.9.0", "release of the operator"),
    key(
        "images.add-ons",
        "ATELIER_IMAGES_ADD_ONS",
        "",
        "images that k3s itself needs, with commas, or `none`; known for the default `images.k3s` when empty",
    ),
    key("images.base", "ATELIER_IMAGES_BASE", "scratch", "base of the sample's image; `scratch`: none"),
    key("images.gitea", "ATELIER_IMAGES_GITEA", "docker.gitea.com/gitea:1.24.6", "the forge's image"),
    key("images.k3d-tools", "ATELIER_IMAGES_K3D_TOOLS", "", "k3d's helper image; its own choice when empty"),
    key("images.k3s", "ATELIER_IMAGES_K3S", K3S, "the nodes' image"),
    key(
        "images.mirrors",
        "ATELIER_IMAGES_MIRRORS",
        "",
        "registries to use instead, `docker.io=mirror.example`",
    ),
    key(
        "images.pull",
        "ATELIER_IMAGES_PULL",
        "missing",
        "`missing`: pull what is not there; `never`: pull nothing",
    ),
    key("images.workspace", "ATELIER_IMAGES_WORKSPACE", WORKSPACE, "the work environment's image"),
    key("offline", "ATELIER_OFFLINE", "false", "`true`: nothing is pulled or downloaded"),
    key("tools.flux", "ATELIER_TOOLS_FLUX", "flux", "the program flux"),
    key("tools.k3d", "ATELIER_TOOLS_K3D", "k3d", "the program k3d"),
];

/// The settings that a bundle may bring along: names of images, and which manifest. Programs are not among them, nor
/// anything else that would let a bundle do more than be loaded.
const OF_BUNDLES: [&str; 7] = [
    "flux.sha256",
    "flux.version",
    "images.add-ons",
    "images.base",
    "images.gitea",
    "images.k3d-tools",
    "images.k3s",
];

impl Key {
    /// The setting of that name, if a bundle may bring it along.
    pub fn of_bundle(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name && OF_BUNDLES.contains(&name))
    }

    /// All settings, in the order of their names.
    pub fn all() -> &'static [Self] {
        &KEYS
    }

    /// The setting of that name.
    pub fn named(name: &str) -> Result<&'static Self, Error> {
        KEYS.iter().find(|key| key.name == name).ok_or_else(|| Error::NoSetting {
            key: name.to_owned(),
            known: KEYS.map(|key| format!("`{}`", key.name)).join(", "),
        })
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(&'static str),
    /// A flag of the command.
    Flag,
    /// The lab was made with it.
    Lab,
}

/// Values of settings by their keys' names, each with its origin.
pub type Values = BTreeMap<&'static str, (String, Origin)>;

/// When images are pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pull {
    /// What is not in the engine.
    #[default]
    Missing,
    /// Nothing.
    Never,
}

/// What is in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The clusters' names.
    pub clusters: Vec<String>,
    /// The nodes' image.
    pub k3s: String,
    /// k3d's helper image.
    pub k3d_tools: Option<String>,
    /// The forge's image.
    pub gitea: String,
    /// What k3s itself runs. Nodes pull it, and get it from the engine where nothing is pulled.
    #[serde(default)]
    pub add_ons: Vec<String>,
    /// The base of the sample's image.
    pub base: String,
    /// The work environment's image.
    #[serde(default = "workspace")]
    pub workspace: String,
    /// Registries to be used in place of others.
    pub mirrors: BTreeMap<String, String>,
    /// When images are pulled.
    pub pull: Pull,
    /// Nothing is pulled or downloaded.
    #[serde(default)]
    pub offline: bool,
    /// The operator's release.
    pub flux_version: String,
    /// The operator's manifest.
    pub flux_manifest: Option<PathBuf>,
    /// Where the manifest is loaded from; it may hold `{version}`. Without it, where releases are published.
    #[serde(default)]
    pub flux_url: Option<String>,
    /// The manifest's checksum.
    pub flux_sha256: Option<String>,
    /// The program k3d.
    pub k3d: PathBuf,
    /// The program flux.
    pub flux: PathBuf,
    /// The values that were given, by the names of their keys: a lab keeps them.
    pub given: BTreeMap<String, String>,
    /// Where the engine may be.
    #[serde(skip)]
    pub search: Search,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&Values::new(), Search::default()).expect("the defaults are good values")
    }
}

impl Settings {
    /// The meaning of these values; what is not among them has its default.
    pub fn new(values: &Values, mut search: Search) -> Result<Self, Error> {
        let get = |name: &str| {
            let default = || KEYS.iter().find(|key| key.name == name).map_or("", |key| key.default);
            values.get(name).map_or_else(default, |value| value.0.trim()).to_owned()
        };
        let some = |name: &str| Some(get(name)).filter(|value| !value.is_empty());
        let wrong = |name: &str, expected: &str| Error::Setting {
            key: name.to_owned(),
            value: get(name),
            expected: expected.to_owned(),
        };
        if let Some(host) = some("docker.host") {
            search.host = Some(host);
        }
        let clusters = get("clusters").split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
        if !clusters.iter().all(|name| legal_cluster(name)) || has_duplicate(&clusters) {
            return Err(wrong(
                "clusters",
                "names of up to 7 lower-case letters and digits, each once, with commas",
            ));
        }
        let pull = match get("images.pull").as_str() {
            "missing" => Pull::Missing,
            "never" => Pull::Never,
            _ => return Err(wrong("images.pull", "it is `missing` or `never`")),
        };
        let offline = match get("offline").as_str() {
            "true" => true,
            "false" => false,
            _ => return Err(wrong("offline", "it is `true` or `false`")),
        };
        let sha256 = some("flux.sha256");
        let hexadecimal =
            |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !sha256.iter().all(hexadecimal) {
            return Err(wrong("flux.sha256", "it is a SHA-256, 64 hexadecimal digits"));
        }
        for name in ["images.k3s", "images.gitea", "images.base", "images.workspace"] {
            if get(name).is_empty() || get(name).contains(char::is_whitespace) {
                return Err(wrong(name, "it is an image, such as `registry.example/name:tag`"));
            }
        }
        let flux_version = get("flux.version");
        if !flux_version.starts_with('v') || flux_version.contains(['/', ' ']) {
            return Err(wrong("flux.version", "it is a release, such as `v2.9.0`"));
        }
        let flux_url = get("flux.url");
        if !flux_url.starts_with("https://") && !flux_url.starts_with("http://") {
            return Err(wrong("flux.url", "it is an address, such as `https://example.org/{version}.yaml`"));
        }
        Ok(Self {
            clusters,
            k3s: get("images.k3s"),
            k3d_tools: some("images.k3d-tools"),
            gitea: get("images.gitea"),
            add_ons: add_ons(&get("images.add-ons"), &get("images.k3s")),
            base: get("images.base"),
            workspace: get("images.workspace"),
            mirrors: mirrors(&get("images.mirrors"))
                .ok_or_else(|| wrong("images.mirrors", "it is `registry=other`, several with commas"))?,
            pull: if offline { Pull::Never } else { pull },
            offline,
            flux_version,
            flux_manifest: some("flux.manifest").map(PathBuf::from),
            flux_url: Some(flux_url).filter(|url| url != RELEASES),
            flux_sha256: sha256.map(|text| text.to_ascii_lowercase()),
            given: values
                .iter()
                .filter(|(name, _)| **name != "docker.host")
                .map(|(name, (value, _))| ((*name).to_owned(), value.clone()))
                .collect(),
            k3d: get("tools.k3d").into(),
            flux: get("tools.flux").into(),
            search,
        })
    }

    /// Where the operator's manifest is loaded from.
    pub(super) fn manifest_url(&self) -> String {
        self.flux_url.as_deref().unwrap_or(RELEASES).replace("{version}", &self.flux_version)
    }

    /// The name under which the engine and the nodes have an image. An image that was pulled from a mirror gets the
    /// name that manifests use; a digest belongs to its registry's name and cannot be given another one.
    pub(super) fn local(&self, reference: &str) -> String {
        if reference.contains('@') { self.redirected(reference) } else { reference.to_owned() }
    }

    /// Where an image is pulled from: the registry is another one where a mirror is configured.
    pub(super) fn redirected(&self, reference: &str) -> String {
        let (registry, rest) = split(reference);
        match self.mirrors.get(registry) {
            Some(mirror) => format!("{mirror}/{rest}"),
            None => reference.to_owned(),
        }
    }
}

/// Why an image that an engine lacks is not to be pulled, if it is not. The work environment is built by who has the
/// sources: under that name a public registry could only have somebody else's.
pub(super) fn never_pulled(settings: &Settings, reference: &str) -> Option<&'static str> {
    match settings.pull {
        Pull::Never if settings.offline => Some("this lab is offline"),
        Pull::Never => Some("`images.pull` is `never`"),
        _ if reference == WORKSPACE => Some("nobody publishes it"),
        Pull::Missing => None,
    }
}

/// What labs have that were made before there was such an image.
fn workspace() -> String {
    WORKSPACE.to_owned()
}

/// Registry and rest of a reference; what names no registry is Docker Hub's.
pub(super) fn split(reference: &str) -> (&str, String) {
    match reference.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
        Some(_) => ("docker.io", reference.to_owned()),
        None => ("docker.io", format!("library/{reference}")),
    }
}

/// A reference with a tag or a digest: the tag is `latest` where it names none.
pub(super) fn tagged(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { reference.to_owned() } else { format!("{reference}:latest") }
}

fn add_ons(text: &str, k3s: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    match words.as_slice() {
        [] if k3s == K3S => ADD_ONS.map(str::to_owned).to_vec(),
        [] | ["none"] => Vec::new(),
        words => words.iter().map(|&word| word.to_owned()).collect(),
    }
}

fn legal_cluster(name: &str) -> bool {
    let legal = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    (1..=7).contains(&name.len()) && legal
}

fn has_duplicate(names: &[String]) -> bool {
    names.iter().enumerate().any(|(index, name)| names[..index].contains(name))
}

fn mirrors(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (from, to) = pair.split_once('=')?;
        let (from, to) = (from.trim(), to.trim().trim_end_matches('/'));
        (!from.is_empty() && !to.is_empty()).then(|| (from.to_owned(), to.to_owned()))
    };
    pairs.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, Error> {
        let key = Key::named(name)?;
        Settings::new(&Values::from([(key.name, (value.to_owned(), Origin::Flag))]), Search::default())
    }

    #[test]
    fn registries_are_redirected_by_name() {
        let settings =
            with("images.mirrors", "docker.io=mirror.example/hub, ghcr.io=mirror.example").unwrap();
        let redirected = |reference: &str| settings.redirected(reference);
        assert_eq!(redirected("redis:7"), "mirror.example/hub/library/redis:7");
        assert_eq!(redirected("rancher/k3s:v1"), "mirror.example/hub/rancher/k3s:v1");
        assert_eq!(redirected("ghcr.io/fluxcd/x:v1"), "mirror.example/fluxcd/x:v1");
        assert_eq!(redirected("quay.io/a/b"), "quay.io/a/b");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |name: &str, value: &str| with(name, value).unwrap_err().to_string();
        let text = "setting `images.pull` cannot be `always`: it is `missing` or `never`";
        assert_eq!(error("images.pull", "always"), text);
        assert!(error("clusters", "main,main").contains("each once"));
        assert!(
            error("image.k3s", "x")
                .starts_with("there is no setting `image.k3s`; the settings are `clusters`,")
        );
        assert!(with("flux.sha256", &"aB".repeat(32)).is_ok());
    }

    #[test]
    fn keys_are_sorted_and_have_variables_of_their_own() {
        let names = KEYS.map(|key| key.name);
        assert!(names.is_sorted());
        let mut variables = KEYS.map(|key| key.variable).to_vec();
        variables.sort_unstable();
        variables.dedup();
        assert_eq!(variables.len(), names.len());
    }
}
