//! What an image is built on: configuration and layers of another, for each platform that it is for. The layers stay
//! where they are; what is looked at is which folders and links they have.

use std::collections::BTreeMap;
use std::io::{Read, Seek as _};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use super::archive::inside;
use super::{Error, Reference, Remote};

/// How much of a layer is looked at, unpacked, in bytes.
const LAYER_LIMIT: u64 = 8 << 30;
/// How many folders and links are known at most.
const NAMES_LIMIT: usize = 200_000;
/// The largest configuration, in bytes.
const DOCUMENT_LIMIT: usize = 4 << 20;
/// What every image has that is built on nothing, as Docker makes it.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Marks what a layer takes away.
const WHITEOUT: &str = ".wh.";

/// What an image is built on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its repository and digest; nothing when it is built on nothing.
    pub name: Option<(String, String)>,
    /// One for each platform.
    pub variants: Vec<Variant>,
    /// Whether it is for several platforms by way of an index.
    pub is_index: bool,
}

/// What an image is built on, for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// As an index describes it.
    pub platform: Value,
    /// The configuration.
    pub config: Value,
    /// The layers' descriptors.
    pub layers: Vec<Value>,
    /// The folders and links of the layers; nothing when they cannot be read.
    pub names: Option<Names>,
}

/// Paths of folders (true) and of links (false).
pub type Names = BTreeMap<String, bool>;

impl Base {
    /// Nothing, for platforms such as `linux/amd64`.
    pub fn scratch(platforms: &[String]) -> Result<Self, Error> {
        let variants = platforms.iter().map(|text| {
            let platform = platform(text)?;
            let mut config = platform.clone();
            config["config"] = json!({"Env": [PATH]});
            config["rootfs"] = json!({"type": "layers", "diff_ids": []});
            Ok(Variant { platform, config, layers: Vec::new(), names: Some(Names::new()) })
        });
        let variants = variants.collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { name: None, is_index: variants.len() > 1, variants })
    }

    /// An image of a registry, for all its platforms or for those that are named; nothing when there is none.
    pub async fn of(
        remote: &Remote,
        wanted: &Reference,
        platforms: &[String],
    ) -> Result<Option<Self>, Error> {
        let Some(bytes) = remote.manifest(wanted.wanted()).await? else { return Ok(None) };
        let digest = super::remote::digest(&bytes);
        let manifest = read(&wanted.short(), &bytes)?;
        let asked = platforms.iter().map(|text| platform(text)).collect::<Result<Vec<_>, _>>()?;
        let fits = |platform: &Value| asked.is_empty() || asked.iter().any(|asked| same(asked, platform));
        let mut variants = Vec::new();
        let list = manifest["manifests"].as_array();
        for one in list.into_iter().flatten() {
            // Attestations stand beside the images, for no platform.
            if one["platform"]["os"] == "unknown" || !fits(&one["platform"]) {
                continue;
            }
            let digest = one["digest"].as_str().unwrap_or_default();
            let Some(bytes) = remote.manifest(digest).await? else { continue };
            checked(&wanted.short(), digest, &bytes)?;
            variants.push(
                variant(remote, wanted, &read(&wanted.short(), &bytes)?, Some(&one["platform"])).await?,
            );
        }
        if list.is_none() {
            let only = variant(remote, wanted, &manifest, None).await?;
            variants.extend(fits(&only.platform).then_some(only));
        }
        if variants.is_empty() {
            return Err(Error::NoPlatform { image: wanted.short(), wanted: platforms.join(", ") });
        }
        Ok(Some(Self { name: Some((wanted.name.clone(), digest)), is_index: list.is_some(), variants }))
    }
}

/// Reads `os/architecture[/variant]`.
fn platform(text: &str) -> Result<Value, Error> {
    let parts = text.split('/').collect::<Vec<_>>();
    let good =
        parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match parts.as_slice() {
        [os, architecture] if good => Ok(json!({"architecture": architecture, "os": os})),
        [os, architecture, variant] if good => {
            Ok(json!({"architecture": architecture, "os": os, "variant": variant}))
        }
        _ => Err(Error::Reference {
            text: text.to_owned(),
            reason: "a platform is written like `linux/amd64`",
        }),
    }
}

fn same(asked: &Value, found: &Value) -> bool {
    let equal = |field: &str| asked[field] == found[field];
    equal("os") && equal("architecture") && (asked["variant"].is_null() || equal("variant"))
}

fn read(image: &str, bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::NotAnImage { image: image.to_owned(), reason: error.to_string() })
}

fn checked(image: &str, expected: &str, bytes: &[u8]) -> Result<(), Error> {
    let found = super::remote::digest(bytes);
    if found == expected {
        return Ok(());
    }
    Err(Error::Digest { path: image.to_owned(), expected: expected.to_owned(), found })
}

async fn variant(
    remote: &Remote,
    wanted: &Reference,
    manifest: &Value,
    platform: Option<&Value>,
) -> Result<Variant, Error> {
    let image = wanted.short();
    let odd = |reason: &str| Error::NotAnImage { image: image.clone(), reason: reason.to_owned() };
    let digest =
        manifest["config"]["digest"].as_str().ok_or_else(|| odd("its manifest has no configuration"))?;
    if manifest["config"]["size"].as_u64().is_some_and(|size| size > DOCUMENT_LIMIT as u64) {
        return Err(Error::TooLarge { limit: DOCUMENT_LIMIT as u64, what: "bytes of configuration" });
    }
    let config = remote.blob(digest).await?;
    checked(&image, digest, &config)?;
    let config = read(&image, &config)?;
    if !config["rootfs"]["diff_ids"].is_array() {
        return Err(odd("its configuration names no layers: it is another kind of artefact"));
    }
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    let mut names = Some(Names::new());
    for layer in &layers {
        let digest = layer["digest"].as_str().ok_or_else(|| odd("a layer has no digest"))?;
        let is_known = layer["mediaType"].as_str().is_some_and(|media| !media.ends_with("zstd"));
        names = match names {
            Some(names) if is_known => look(remote, digest, names).await?,
            _ => None,
        };
    }
    let platform = platform.filter(|platform| platform.is_object()).cloned().unwrap_or_else(|| {
        let mut own = json!({"architecture": config["architecture"], "os": config["os"]});
        if !config["variant"].is_null() {
            own["variant"] = config["variant"].clone();
        }
        own
    });
    Ok(Variant { platform, config, layers, names })
}

async fn look(remote: &Remote, digest: &str, mut names: Names) -> Result<Option<Names>, Error> {
    let mut file = remote.blob_file(digest).await?;
    let looked = tokio::task::spawn_blocking(move || {
        file.rewind().ok()?;
        lay(&mut names, file).ok()?;
        Some(names)
    });
    Ok(looked.await.ok().flatten())
}

/// Lays a layer over what is known.
fn lay(names: &mut Names, mut layer: impl Read + std::io::Seek) -> std::io::Result<()> {
    let mut start = [0; 2];
    let count = layer.read(&mut start)?;
    layer.rewind()?;
    let unpacked: Box<dyn Read> =
        if start[..count] == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(layer)) } else { Box::new(layer) };
    let mut archive = tar::Archive::new(unpacked.take(LAYER_LIMIT));
    for entry in archive.entries()? {
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(path) = inside("", path.trim_start_matches('/')) else { continue };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let kind = entry.header().entry_type();
        if let Some(name) = name.strip_prefix(WHITEOUT) {
            let gone = if name.starts_with(WHITEOUT) {
                folder.to_owned()
            } else {
                inside(folder, name).unwrap_or_default()
            };
            let below = format!("{gone}/");
            names.retain(|path, _| *path != gone && !path.starts_with(&below));
        } else if kind.is_dir() || kind.is_symlink() {
            names.insert(path, kind.is_dir());
        } else {
            names.remove(&path);
        }
        if names.len() > NAMES_LIMIT {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::{Entry, pack};

    #[test]
    fn folders_and_links_of_all_layers_are_known() {
        let layer = |entries: &[(&str, Entry)]| {
            let tree = entries.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect();
            std::io::Cursor::new(pack(&tree).unwrap())
        };
        let mut names = Names::new();
        let file = Entry::File(Vec::new());
        lay(
            &mut names,
            layer(&[
                ("tmp", Entry::Folder),
                ("old/in", Entry::Folder),
                ("bin", Entry::Link("usr/bin".to_owned())),
            ]),
        )
        .unwrap();
        lay(&mut names, layer(&[("srv", Entry::Folder), (".wh.old", file.clone()), ("tmp/x", file)]))
            .unwrap();
        let told = names.iter().map(|(path, folder)| (path.as_str(), *folder)).collect::<Vec<_>>();
        assert_eq!(told, [("bin", false), ("srv", true), ("tmp", true)]);
    }

    #[test]
    fn platforms_are_read() {
        let base = Base::scratch(&["linux/amd64".to_owned(), "linux/arm/v7".to_owned()]).unwrap();
        assert!(base.is_index);
        assert_eq!(base.variants[1].platform, json!({"architecture": "arm", "os": "linux", "variant": "v7"}));
        assert!(Base::scratch(&["linux".to_owned()]).is_err());
    }
}
