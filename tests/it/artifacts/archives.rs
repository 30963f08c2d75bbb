//! Archives of images as engines give them out, and bundles made of them, without any engine.

use std::path::{Path, PathBuf};

use atelier::artifacts::bundle::{Bundle, Draft, Index, Parts, write};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// How an engine writes its archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Docker up to 24: a folder for each layer, and links where two images share one.
    Folders,
    /// Docker from 25 on: an OCI layout.
    Layout,
}

/// An image with a layer for each text.
pub(crate) struct Archive<'a> {
    pub(crate) name: &'a str,
    pub(crate) architecture: &'a str,
    pub(crate) layers: &'a [&'a str],
}

fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

fn add(archive: &mut tar::Builder<Vec<u8>>, path: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, path, content).unwrap();
}

/// A layer with one file.
fn layer(text: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    // Much that looks like chance: a part of it can be told from another part.
    let long = (0..2000).map(|number| sha256(format!("{text}{number}").as_bytes())).collect::<String>();
    add(&mut archive, &format!("{text}.txt"), long.as_bytes());
    archive.into_inner().unwrap()
}

impl Archive<'_> {
    /// The image's configuration.
    fn config(&self) -> Vec<u8> {
        let layers = self.layers.iter().map(|text| format!("sha256:{}", sha256(&layer(text))));
        let config = json!({"architecture": self.architecture, "os": "linux", "config": {"Cmd": [self.name]},
            "rootfs": {"type": "layers", "diff_ids": layers.collect::<Vec<_>>()}});
        config.to_string().into_bytes()
    }

    /// The id by which engines know the image.
    pub(crate) fn id(&self) -> String {
        format!("sha256:{}", sha256(&self.config()))
    }

    /// What an engine tells of the image.
    pub(crate) fn inspected(&self) -> serde_json::Value {
        let config: serde_json::Value = serde_json::from_slice(&self.config()).unwrap();
        json!({"Id": self.id(), "Architecture": self.architecture, "Os": "linux", "Size": 1_000_000,
            "RepoDigests": [], "Config": {"Cmd": [self.name]},
            "RootFS": {"Type": "layers", "Layers": config["rootfs"]["diff_ids"]}})
    }

    /// The archive.
    pub(crate) fn bytes(&self, form: Form) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let config = self.config();
        let hex = sha256(&config);
        let mut layers = Vec::new();
        for text in self.layers {
            let bytes = layer(text);
            let place = match form {
                Form::Layout => format!("blobs/sha256/{}", sha256(&bytes)),
                Form::Folders => format!("{}/layer.tar", sha256(text.as_bytes())),
            };
            if form == Form::Folders && layers.contains(&place) {
                let own = format!("{}/layer.tar", sha256(format!("{text} again").as_bytes()));
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                archive.append_link(&mut header, &own, format!("../{place}")).unwrap();
                layers.push(own);
                continue;
            }
            if !layers.contains(&place) {
                add(&mut archive, &place, &bytes);
            }
            if form == Form::Folders {
                add(&mut archive, &place.replace("layer.tar", "VERSION"), b"1.0");
                add(&mut archive, &place.replace("layer.tar", "json"), b"{}");
            }
            layers.push(place);
        }
        let place = match form {
            Form::Layout => format!("blobs/sha256/{hex}"),
            Form::Folders => format!("{hex}.json"),
        };
        add(&mut archive, &place, &config);
        let named = json!([{"Config": place, "RepoTags": [self.name], "Layers": layers}]);
        add(&mut archive, "manifest.json", named.to_string().as_bytes());
        add(&mut archive, "repositories", b"{}");
        archive.into_inner().unwrap()
    }
}

/// Two images that share a layer.
pub(crate) const IMAGES: [Archive; 2] = [
    Archive { name: "a.example/node:1", architecture: "amd64", layers: &["base", "node"] },
    Archive { name: "a.example/forge:2", architecture: "amd64", layers: &["base", "forge", "forge"] },
];

/// What a bundle of images shall be.
pub(crate) fn draft(parts: &Parts, images: &[Archive], form: Form) -> Draft {
    let take = |image: &Archive| {
        let taken = parts.take(&image.id(), image.name, image.bytes(form).as_slice()).unwrap();
        ("node".to_owned(), image.name.to_owned(), taken)
    };
    Draft {
        workshop: "one".to_owned(),
        platform: "k3d".to_owned(),
        settings: [("images.k3s".to_owned(), "a.example/node:1".to_owned())].into(),
        manifest: Some(("v2.9.0".to_owned(), "kind: Deployment\n".to_owned())),
        images: images.iter().map(take).collect(),
    }
}

/// Writes a bundle of images to a file.
pub(crate) fn bundle(file: &Path, images: &[Archive], form: Form) -> Index {
    let parts = Parts::open(file).unwrap();
    let draft = draft(&parts, images, form);
    write(parts, file, draft, None).unwrap()
}

/// Writes a bundle of two images into a folder, and opens it.
pub(crate) fn small(folder: &Path) -> (PathBuf, Bundle) {
    let file = folder.join("small.bundle");
    bundle(&file, &IMAGES, Form::Layout);
    let opened = Bundle::open(file.display().to_string().parse().unwrap()).unwrap();
    (file, opened)
}

/// Writes a bundle anew with another index, as a program of another time might have written it.
pub(crate) fn with_index(file: &Path, change: impl FnOnce(String) -> String) {
    let whole = std::fs::read(file).unwrap();
    let first = zstd::zstd_safe::find_frame_compressed_size(&whole).unwrap();
    let plain = zstd::decode_all(&whole[..first]).unwrap();
    let mut entries = tar::Archive::new(plain.as_slice());
    let mut text = String::new();
    let mut entry = entries.entries().unwrap().next().unwrap().unwrap();
    std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, "bundle.json", change(text).as_bytes());
    // Without the end of a tar.
    let plain = archive.into_inner().unwrap();
    let mut changed = zstd::encode_all(&plain[..plain.len() - 1024], 3).unwrap();
    changed.extend(&whole[first..]);
    std::fs::write(file, changed).unwrap();
}
