//! Manifests as an artefact that an `OCIRepository` reads, with the media types of Flux.
//! <https://fluxcd.io/flux/cheatsheets/oci-artifacts/>

use std::collections::BTreeMap;

use super::Error;
use super::archive::{Tree, pack};
use super::folder::context;
use super::packed::Packed;

/// The media type of the configuration, which is empty.
const CONFIG: &str = "application/vnd.cncf.flux.config.v1+json";
/// The media type of the files.
const CONTENT: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// Packs a folder of manifests. The same files and annotations give the same bytes.
pub fn pack_manifests(folder: &Tree, annotations: BTreeMap<String, String>) -> Result<Packed, Error> {
    let layer = pack(&context(folder)?)?;
    Ok(Packed::of((CONFIG, b"{}".to_vec()), vec![(CONTENT, layer)], annotations))
}
