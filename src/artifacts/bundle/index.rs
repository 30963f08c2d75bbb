//! `bundle.json`: what a bundle holds and where in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Error;

/// The format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// What a bundle holds. In it is no secret, no name of a person or a machine, and no time: the same images give the
/// same index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Of this file; [`FORMAT`].
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// The workshop's id.
    pub workshop: String,
    /// The platform's name.
    pub platform: String,
    /// As Docker and OCI call them, such as `amd64`; sorted.
    pub architectures: Vec<String>,
    /// The settings that a lab from this bundle is made with, by their keys.
    pub settings: BTreeMap<String, String>,
    /// The operator's manifest, where the workshop has one.
    pub manifest: Option<Manifest>,
    /// The images, in the order in which they are loaded.
    pub images: Vec<Image>,
    /// Every blob once, in the order of the file.
    pub blobs: Vec<Blob>,
    /// The bytes of the file behind the frame that holds this.
    pub length: u64,
}

/// The operator's manifest, a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The operator's release.
    pub version: String,
    /// The blob's, `sha256:<hex>`.
    pub digest: String,
}

/// An image for one architecture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// What it is for: `node`, `add-on`, `tools`, `forge`, `operator`, `workshop`, `base`.
    pub part: String,
    /// The name that it has in the engine, with its tag.
    pub reference: String,
    /// As Docker and OCI call it.
    pub architecture: String,
    /// The digest of its OCI manifest, a blob.
    pub manifest: String,
    /// The digest of its configuration, a blob. Engines that keep images as Docker did call the image so.
    pub config: String,
    /// The digests of its layers, blobs, the lowest first.
    pub layers: Vec<String>,
}

/// A blob of the image layout: `blobs/sha256/<hex>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// `sha256:<hex>`.
    pub digest: String,
    /// Its bytes.
    pub size: u64,
    /// Where its frame begins, in bytes from the end of the frame that holds this index.
    pub offset: u64,
    /// The bytes of its frame.
    pub packed: u64,
}

impl Index {
    /// Reads an index; `from` is named in errors.
    pub(super) fn read(from: &str, bytes: &[u8]) -> Result<Self, Error> {
        let no_bundle = |reason: String| Error::NoBundle { from: from.to_owned(), reason };
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| no_bundle(format!("bundle.json: {error}")))?;
        let found = value["format"].as_u64().and_then(|format| u32::try_from(format).ok());
        let found = found.ok_or_else(|| no_bundle("bundle.json says no format".to_owned()))?;
        if found != FORMAT {
            return Err(Error::Format { from: from.to_owned(), found, known: FORMAT });
        }
        let index: Self =
            serde_json::from_value(value).map_err(|error| no_bundle(format!("bundle.json: {error}")))?;
        index.check().map_err(|reason| no_bundle(format!("bundle.json: {reason}")))?;
        Ok(index)
    }

    /// Whoever reads goes by it, so that it must hold together.
    fn check(&self) -> Result<(), String> {
        let mut end = 0;
        let mut known = BTreeSet::new();
        for blob in &self.blobs {
            let hex = blob.digest.strip_prefix("sha256:").unwrap_or_default();
            if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(format!("`{}` is no digest", blob.digest));
            }
            if blob.offset < end || !known.insert(blob.digest.as_str()) {
                return Err(format!("{} overlaps another blob", blob.digest));
            }
            end = blob.offset.saturating_add(blob.packed);
        }
        if end > self.length {
            return Err(format!("its blobs end at {end}, behind its own end at {}", self.length));
        }
        // It becomes a part of a file's name.
        let plain = |version: &str| {
            version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
        };
        if let Some(wrong) = self.manifest.iter().find(|manifest| !plain(&manifest.version)) {
            return Err(format!("`{}` is no version", wrong.version));
        }
        let of_images = self.images.iter().flat_map(|image| {
            [&image.manifest, &image.config].into_iter().chain(&image.layers).map(String::as_str)
        });
        let manifest = self.manifest.iter().map(|manifest| manifest.digest.as_str());
        match of_images.chain(manifest).find(|digest| !known.contains(digest)) {
            Some(digest) => Err(format!("no blob is {digest}")),
            None => Ok(()),
        }
    }

    /// The blob of that digest, which the index names.
    pub(super) fn blob(&self, digest: &str) -> &Blob {
        let found = self.blobs.iter().find(|blob| blob.digest == digest);
        found.expect("an index was checked when it was read")
    }

    /// The sum of the sizes of an image's blobs, in bytes.
    pub fn size(&self, image: &Image) -> u64 {
        let blobs = [&image.manifest, &image.config].into_iter().chain(&image.layers);
        blobs.map(|digest| self.blob(digest).size).sum()
    }

    /// The parts, in the order of the file: each with the number of its images, and the bytes that they take in the
    /// file. What several parts have is the first one's.
    pub fn parts(&self) -> Vec<(String, usize, u64)> {
        let mut seen = BTreeSet::new();
        let mut parts: Vec<(String, usize, u64)> = Vec::new();
        let manifest = self.manifest.iter().map(|manifest| ("manifest", vec![&manifest.digest]));
        let images = self.images.iter().map(|image| {
            let digests = [&image.manifest, &image.config].into_iter().chain(&image.layers).collect();
            (image.part.as_str(), digests)
        });
        for (name, digests) in manifest.chain(images) {
            let new = digests.into_iter().filter(|digest| seen.insert(digest.as_str()));
            let bytes = new.map(|digest| self.blob(digest).packed).sum::<u64>();
            match parts.iter_mut().find(|part| part.0 == name) {
                Some(part) => (part.1, part.2) = (part.1 + 1, part.2 + bytes),
                None => parts.push((name.to_owned(), 1, bytes)),
            }
        }
        parts
    }
}
