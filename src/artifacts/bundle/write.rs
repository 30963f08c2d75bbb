//! Writing a bundle of its parts: `FILE.partial` first, which becomes `FILE` when it is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::parts::{Part, beside};
use super::{Blob, Error, FORMAT, Image, Index, Manifest, Parts, Taken};
use crate::artifacts::packed::{INDEX, MANIFEST, manifest};

/// The media type of an image's configuration.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The annotation that names an image in a layout.
const NAME: &str = "org.opencontainers.image.ref.name";
/// Small, and written once.
const LEVEL: i32 = 9;
/// A tar is made of blocks of this size.
const BLOCK: usize = 512;

/// What a bundle shall be.
pub struct Draft {
    /// The workshop's id.
    pub workshop: String,
    /// The platform's name.
    pub platform: String,
    /// The settings for labs, by their keys.
    pub settings: BTreeMap<String, String>,
    /// The operator's release and its manifest, where there is one.
    pub manifest: Option<(String, String)>,
    /// What each image is for, and its reference.
    pub images: Vec<(String, String, Taken)>,
}

/// A piece of the file.
enum Piece {
    /// A frame.
    Frame(Vec<u8>),
    /// The file that holds a frame.
    Part(PathBuf),
}

/// Writes the bundle `file`, and removes the parts. `room` says how many bytes are free for it, where that is known.
pub fn write(parts: Parts, file: &Path, draft: Draft, room: Option<u64>) -> Result<Index, Error> {
    let mut index = Index {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        workshop: draft.workshop,
        platform: draft.platform,
        architectures: Vec::new(),
        settings: draft.settings,
        manifest: None,
        images: Vec::new(),
        blobs: Vec::new(),
        length: 0,
    };
    let mut blobs = Vec::new();
    if let Some((version, text)) = draft.manifest {
        let part = parts.keep(text.as_bytes(), text.len() as u64)?;
        index.manifest = Some(Manifest { version, digest: part.digest.clone() });
        blobs.push(part);
    }
    let mut listed = Vec::new();
    for (part, reference, taken) in draft.images {
        let bytes = described(&taken);
        let own = parts.keep(bytes.as_slice(), bytes.len() as u64)?;
        listed.push(json!({"mediaType": MANIFEST, "digest": own.digest, "size": own.size,
            "annotations": {NAME: reference}, "platform": {"os": "linux", "architecture": taken.architecture}}));
        index.images.push(Image {
            part,
            reference,
            architecture: taken.architecture.clone(),
            manifest: own.digest.clone(),
            config: taken.config.digest.clone(),
            layers: taken.layers.iter().map(|(_, layer)| layer.digest.clone()).collect(),
        });
        blobs.extend([own, taken.config].into_iter().chain(taken.layers.into_iter().map(|(_, layer)| layer)));
    }
    let architectures = index.images.iter().map(|image| image.architecture.clone()).collect::<BTreeSet<_>>();
    index.architectures = architectures.into_iter().collect();
    let pieces = lay_out(&parts, &mut index, &blobs, listed)?;
    let needed = index.length;
    if let Some(free) = room.filter(|&free| free < needed) {
        return Err(Error::Room { path: file.to_owned(), needed, free });
    }
    join(file, &pieces)?;
    parts.remove()?;
    Ok(index)
}

/// The OCI manifest of an image.
fn described(taken: &Taken) -> Vec<u8> {
    let one = |media_type: &str, part: &Part| json!({"mediaType": media_type, "digest": part.digest, "size": part.size});
    let layers = taken.layers.iter().map(|(media_type, part)| one(media_type, part)).collect();
    manifest(&one(CONFIG, &taken.config), layers, [])
}

/// The pieces of the file in their order. Fills in where each blob is.
fn lay_out(
    parts: &Parts,
    index: &mut Index,
    blobs: &[Part],
    listed: Vec<Value>,
) -> Result<Vec<Piece>, Error> {
    let mut lead = Vec::new();
    let layout = json!({"imageLayoutVersion": "1.0.0"});
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed});
    entry(&mut lead, "oci-layout", layout.to_string().as_bytes());
    entry(&mut lead, "index.json", list.to_string().as_bytes());
    // Under one name, `docker load` takes one image.
    if index.architectures.len() == 1 {
        let place = |digest: &String| digest.replacen("sha256:", "blobs/sha256/", 1);
        let images = index.images.iter().map(|image| {
            json!({"Config": place(&image.config), "RepoTags": [image.reference],
                "Layers": image.layers.iter().map(place).collect::<Vec<_>>()})
        });
        entry(&mut lead, "manifest.json", images.collect::<Value>().to_string().as_bytes());
    }
    let (mut pieces, mut offset, mut seen) = (Vec::new(), 0, BTreeSet::new());
    for part in blobs.iter().filter(|part| seen.insert(part.digest.clone())) {
        let path = parts.path(&part.digest);
        let packed = std::fs::metadata(&path).map_err(Error::file("read", &path))?.len();
        lead.extend(header(&part.digest.replacen("sha256:", "blobs/sha256/", 1), part.size));
        let between = frame(&std::mem::replace(&mut lead, padding(part.size)));
        offset += between.len() as u64;
        index.blobs.push(Blob { digest: part.digest.clone(), size: part.size, offset, packed });
        offset += packed;
        pieces.extend([Piece::Frame(between), Piece::Part(path)]);
    }
    // Two blocks of nothing end a tar.
    lead.extend([0; 2 * BLOCK]);
    let end = frame(&lead);
    index.length = offset + end.len() as u64;
    pieces.push(Piece::Frame(end));
    let mut first = Vec::new();
    entry(&mut first, "bundle.json", &serde_json::to_vec_pretty(index).expect("an index is JSON"));
    pieces.insert(0, Piece::Frame(frame(&first)));
    Ok(pieces)
}

fn join(file: &Path, pieces: &[Piece]) -> Result<(), Error> {
    let partial = beside(file, "partial");
    let failed = |source| Error::File { verb: "write", path: partial.clone(), source };
    let mut options = std::fs::OpenOptions::new();
    let mut whole = options.write(true).create(true).truncate(true).open(&partial).map_err(failed)?;
    // There is no secret in it, and it is made to be given away. Not every file system knows modes.
    let _ = whole.set_permissions(std::fs::Permissions::from_mode(0o644));
    for piece in pieces {
        match piece {
            Piece::Frame(bytes) => whole.write_all(bytes).map_err(failed)?,
            Piece::Part(path) => {
                let mut part = File::open(path).map_err(Error::file("read", path))?;
                std::io::copy(&mut part, &mut whole).map_err(failed)?;
            }
        }
    }
    whole.sync_all().map_err(failed)?;
    std::fs::rename(&partial, file).map_err(Error::file("write", file))
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    let written = || {
        let mut frame = zstd::Encoder::new(Vec::new(), LEVEL)?;
        frame.include_checksum(true)?;
        frame.write_all(bytes)?;
        frame.finish()
    };
    written().expect("memory takes what is written")
}

/// A file of a tar.
pub(super) fn entry(tar: &mut Vec<u8>, name: &str, content: &[u8]) {
    tar.extend(header(name, content.len() as u64));
    tar.extend(content);
    tar.extend(padding(content.len() as u64));
}

pub(super) fn header(name: &str, size: u64) -> [u8; BLOCK] {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).expect("names of ours are short");
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    *header.as_bytes()
}

/// What fills the last block of a file.
pub(super) fn padding(size: u64) -> Vec<u8> {
    let over = size.next_multiple_of(BLOCK as u64) - size;
    vec![0; usize::try_from(over).unwrap_or_default()]
}
