//! The folder of what a bundle will be made of: blobs, each a finished frame under its digest's name, and what is known
//! of images whose blobs are all there. Who was killed finds here what need not be exported again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Error;
use crate::artifacts::archive::resolve;

/// The fastest: the layers of images shrink to half. Level 3 takes twice as long and saves another tenth.
const LEVEL: i32 = 1;
/// Documents in an engine's archive larger than this are nobody's.
const DOCUMENT_LIMIT: u64 = 4 << 20;
/// More threads are waited for by the one that hashes.
const MOST_THREADS: usize = 8;

/// The folder.
#[derive(Clone, Debug)]
pub struct Parts {
    folder: PathBuf,
}

/// A blob that is in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) digest: String,
    pub(super) size: u64,
}

/// An image whose blobs are in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub(super) architecture: String,
    pub(super) config: Part,
    /// Each with its media type.
    pub(super) layers: Vec<(String, Part)>,
}

impl Taken {
    /// The architecture that its configuration tells.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }
}

/// An entry of the `manifest.json` of an archive that an engine gives.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

impl Parts {
    /// The parts for the bundle that will be `file`, made when they are not there.
    pub fn open(file: &Path) -> Result<Self, Error> {
        let parts = Self { folder: beside(file, "parts") };
        for name in ["blobs", "images", "lab"] {
            let folder = parts.folder.join(name);
            std::fs::create_dir_all(&folder).map_err(Error::file("make", &folder))?;
        }
        // What was begun when somebody was killed.
        let half = parts.folder.join("half");
        match std::fs::remove_file(&half) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::File { verb: "remove", path: half, source })
            }
            _ => Ok(parts),
        }
    }

    /// A folder for what else is needed until the bundle is whole.
    pub fn lab(&self) -> PathBuf {
        self.folder.join("lab")
    }

    /// Removes the folder.
    pub fn remove(self) -> Result<(), Error> {
        std::fs::remove_dir_all(&self.folder).map_err(Error::file("remove", &self.folder))
    }

    /// The image of that id, when all of it is here.
    pub fn taken(&self, id: &str) -> Option<Taken> {
        let bytes = std::fs::read(self.image(id)).ok()?;
        let taken: Taken = serde_json::from_slice(&bytes).ok()?;
        let mut all = taken.layers.iter().map(|(_, part)| part).chain([&taken.config]);
        let whole = all.all(|part| self.path(&part.digest).exists());
        drop(all);
        whole.then_some(taken)
    }

    /// Takes an image from the archive that an engine gives for it: `manifest.json` and what it names, as engines up to
    /// 24 write it (a folder for each layer) and as newer ones do (an OCI layout). `name` is for errors.
    pub fn take(&self, id: &str, name: &str, archive: impl Read) -> Result<Taken, Error> {
        let wrong = |reason: String| Error::Archive { image: name.to_owned(), reason };
        let broken = |error: std::io::Error| wrong(error.to_string());
        let (mut found, mut links, mut described) = (BTreeMap::new(), BTreeMap::new(), None);
        let mut archive = tar::Archive::new(archive);
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            if kind.is_symlink() {
                let target = entry.link_name_bytes().unwrap_or_default();
                let target = resolve(&path, &String::from_utf8_lossy(&target));
                links.insert(path.clone(), target.ok_or_else(|| wrong(format!("`{path}` leads out of it")))?);
            } else if path == "manifest.json" {
                let mut bytes = Vec::new();
                (&mut entry).take(DOCUMENT_LIMIT).read_to_end(&mut bytes).map_err(broken)?;
                described = Some(bytes);
            } else if kind.is_file() && !is_remark(&path) {
                let size = entry.size();
                let named = path.strip_prefix("blobs/sha256/").map(|hex| format!("sha256:{hex}"));
                // What images share comes with each of them.
                if let Some(digest) = named.clone().filter(|digest| self.path(digest).exists()) {
                    found.insert(path, Part { digest, size });
                    continue;
                }
                let part = self.keep(&mut entry, size).map_err(|error| match error {
                    Error::Archive { reason, .. } => wrong(reason),
                    error => error,
                })?;
                if named.is_some_and(|named| named != part.digest) {
                    return Err(wrong(format!("`{path}` has the digest {}", part.digest)));
                }
                found.insert(path, part);
            }
        }
        let bytes = described.ok_or_else(|| wrong("it has no `manifest.json`".to_owned()))?;
        let described: Vec<Described> =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("manifest.json: {error}")))?;
        let [described] = described.as_slice() else {
            return Err(wrong(format!("it holds {} images, not one", described.len())));
        };
        let part = |path: &String| {
            let path = links.get(path).unwrap_or(path);
            found.get(path).cloned().ok_or_else(|| wrong(format!("`{path}` is not in it")))
        };
        let config = part(&described.config)?;
        let layers = described.layers.iter().map(|path| {
            let part = part(path)?;
            Ok((self.layer_type(&part.digest)?.to_owned(), part))
        });
        let layers = layers.collect::<Result<Vec<_>, Error>>()?;
        let document: Value = serde_json::from_slice(&self.read(&config)?)
            .map_err(|error| wrong(format!("its configuration: {error}")))?;
        let count = document.pointer("/rootfs/diff_ids").and_then(Value::as_array).map_or(0, Vec::len);
        if count != layers.len() {
            return Err(wrong(format!(
                "its configuration names {count} layers, and it has {}",
                layers.len()
            )));
        }
        let architecture = document["architecture"].as_str().unwrap_or_default().to_owned();
        let taken = Taken { architecture, config, layers };
        self.put(&self.image(id), &serde_json::to_vec(&taken).expect("parts are JSON"))?;
        Ok(taken)
    }

    /// Keeps bytes of which `size` are announced, as a frame.
    pub(super) fn keep(&self, mut bytes: impl Read, size: u64) -> Result<Part, Error> {
        let half = self.folder.join("half");
        let file = File::create(&half).map_err(Error::file("write", &half))?;
        let mut frame = encoder(file, size).map_err(Error::file("write", &half))?;
        let (mut hash, mut buffer, mut left) = (Sha256::new(), vec![0; 1 << 20], size);
        loop {
            let count = bytes
                .read(&mut buffer)
                .map_err(|error| Error::Archive { image: String::new(), reason: error.to_string() })?;
            if count == 0 {
                break;
            }
            left = left.saturating_sub(count as u64);
            hash.update(&buffer[..count]);
            frame.write_all(&buffer[..count]).map_err(Error::file("write", &half))?;
        }
        if left > 0 {
            let reason = format!("it ends {left} bytes before the end of a file");
            return Err(Error::Archive { image: String::new(), reason });
        }
        frame.finish().map_err(Error::file("write", &half))?;
        let digest = format!("sha256:{:x}", hash.finalize());
        let path = self.path(&digest);
        std::fs::rename(&half, &path).map_err(Error::file("write", &path))?;
        Ok(Part { digest, size })
    }

    /// The bytes of a part; for documents.
    pub(super) fn read(&self, part: &Part) -> Result<Vec<u8>, Error> {
        let path = self.path(&part.digest);
        let file = File::open(&path).map_err(Error::file("read", &path))?;
        let mut bytes = Vec::new();
        let decoder = zstd::Decoder::new(file).map_err(Error::file("read", &path))?;
        decoder.take(DOCUMENT_LIMIT).read_to_end(&mut bytes).map_err(Error::file("read", &path))?;
        Ok(bytes)
    }

    /// The media type of a layer, by its first bytes.
    /// <https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md>
    fn layer_type(&self, digest: &str) -> Result<&'static str, Error> {
        let path = self.path(digest);
        let file = File::open(&path).map_err(Error::file("read", &path))?;
        let mut first = Vec::new();
        let decoder = zstd::Decoder::new(file).map_err(Error::file("read", &path))?;
        decoder.take(4).read_to_end(&mut first).map_err(Error::file("read", &path))?;
        Ok(match first.as_slice() {
            [0x1f, 0x8b, ..] => "application/vnd.oci.image.layer.v1.tar+gzip",
            [0x28, 0xb5, 0x2f, 0xfd] => "application/vnd.oci.image.layer.v1.tar+zstd",
            _ => "application/vnd.oci.image.layer.v1.tar",
        })
    }

    /// Where the frame of a blob is.
    pub(super) fn path(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest.trim_start_matches("sha256:"))
    }

    fn image(&self, id: &str) -> PathBuf {
        self.folder.join("images").join(id.replace([':', '/'], "-"))
    }

    /// Files appear whole.
    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let half = self.folder.join("half");
        let written = std::fs::write(&half, bytes).and_then(|()| std::fs::rename(&half, path));
        written.map_err(Error::file("write", path))
    }
}

/// `FILE.<what>` for `FILE`.
pub(super) fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}"));
    file.with_file_name(name)
}

/// What begins a frame of `size` bytes.
fn encoder(file: File, size: u64) -> std::io::Result<zstd::Encoder<'static, File>> {
    let mut frame = zstd::Encoder::new(file, LEVEL)?;
    frame.include_checksum(true)?;
    frame.set_pledged_src_size(Some(size))?;
    // What comes out is the same for any number of threads, but not without any.
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    frame.multithread(u32::try_from(threads).unwrap_or(1))?;
    Ok(frame)
}

/// Whether a file of an engine's archive says what `manifest.json` says, too.
fn is_remark(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    ["json", "VERSION", "repositories", "index.json", "oci-layout"].contains(&last)
}
