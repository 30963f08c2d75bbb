//! `bundle load`: images from a bundle into the engine, one after the other, and the operator's manifest to where labs
//! look for it. What the engine has is left alone, so that who was killed goes on.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::stream::unfold;
use serde_json::Value;

use super::pipe::{Outgoing, pipe};
use super::save::stopped;
use crate::artifacts::bundle::{Bundle, Error as BundleError, Image};
use crate::platform;
use crate::platform::k3d::engine::build_of;
use crate::platform::k3d::machine::free;
use crate::platform::k3d::manifest::keep_for_labs;
use crate::platform::k3d::site::Tell;
use crate::platform::k3d::{Engine, Error, Settings};

/// How much is given to the engine at once.
const PIECE: usize = 1 << 20;

/// What came of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The images that were loaded now.
    pub loaded: Vec<String>,
    /// The images that the engine had.
    pub there: Vec<String>,
    /// Where the operator's manifest is.
    pub manifest: Option<PathBuf>,
}

/// Loads a bundle into the engine, and its manifest for the labs of the state folder `home`. Whatever ends this, the
/// engine has images whole or not at all.
pub async fn load(
    engine: &Engine,
    settings: &Settings,
    home: &Path,
    bundle: Arc<Bundle>,
    tell: Tell<'_>,
) -> Result<Loaded, platform::Error> {
    let facts = engine.facts().await?;
    let architecture = facts.architecture;
    let index = bundle.index();
    let images = index.images.iter().filter(|image| image.architecture == architecture);
    let images = images.cloned().collect::<Vec<_>>();
    if images.is_empty() && !index.images.is_empty() {
        return Err(Error::Bundle(BundleError::Differs {
            from: bundle.from(),
            what: "architecture",
            found: index.architectures.join("`, `"),
            wanted: architecture,
        })
        .into());
    }
    let mut needed = 0;
    for image in &images {
        needed += if found(engine, &bundle, image).await? == Found::Same { 0 } else { index.size(image) };
    }
    // Where the engine keeps its data, if that is on this machine.
    if let Some(free) = free(Path::new(&facts.root)).filter(|&free| free < needed) {
        let path = PathBuf::from(facts.root);
        return Err(Error::Bundle(BundleError::Room { path, needed, free }).into());
    }
    let mut done = Loaded { manifest: keep_manifest(settings, home, &bundle).await?, ..Loaded::default() };
    for image in &images {
        let failed = |source: Error, done: &Loaded| Error::NotLoaded {
            image: image.reference.clone(),
            done: done.loaded.len() + done.there.len(),
            of: images.len(),
            source: Box::new(source),
        };
        if found(engine, &bundle, image).await.map_err(|error| failed(error, &done))? == Found::Same {
            done.there.push(image.reference.clone());
            continue;
        }
        let size = index.size(image).div_ceil(1_000_000);
        tell(format!("image {} is loaded, {size} MB", image.reference));
        bring(engine, &bundle, image).await.map_err(|error| failed(error, &done))?;
        let found = match found(engine, &bundle, image).await.map_err(|error| failed(error, &done))? {
            Found::Same => None,
            Found::None => Some("no image"),
            Found::Another => Some("another image"),
        };
        if let Some(found) = found {
            return Err(failed(Error::Another { found }, &done).into());
        }
        done.loaded.push(image.reference.clone());
    }
    Ok(done)
}

/// Keeps the bundle's manifest for labs. Where it is then.
pub async fn keep_manifest(
    settings: &Settings,
    home: &Path,
    bundle: &Arc<Bundle>,
) -> Result<Option<PathBuf>, platform::Error> {
    let Some(manifest) = bundle.index().manifest.clone() else { return Ok(None) };
    let text = document(bundle, &manifest.digest).await?;
    keep_for_labs(home, settings, &manifest.version, &text).map(Some)
}

async fn bring(engine: &Engine, bundle: &Arc<Bundle>, image: &Image) -> Result<(), Error> {
    let (sender, receiver) = pipe();
    let (own, of) = (bundle.clone(), image.clone());
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, Outgoing(sender.clone()));
        let written = own.archive(&of, &mut out);
        if written.is_ok() {
            // What the engine does not want is its to explain.
            let _ = out.flush();
        } else {
            // Without its last file the archive loads nothing; what is wrong with it is told by who waits.
            drop(out.into_parts());
            let _ = sender.blocking_send(Err(std::io::ErrorKind::InvalidData.into()));
        }
        written
    });
    let pieces = unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let loaded = engine.load(&image.reference, Box::pin(pieces)).await;
    writing.await.map_err(stopped)??;
    loaded
}

/// What the engine has under an image's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    None,
    Another,
    Same,
}

async fn found(engine: &Engine, bundle: &Arc<Bundle>, image: &Image) -> Result<Found, Error> {
    let Some(found) = engine.image(&image.reference).await? else { return Ok(Found::None) };
    if found.id == image.config {
        return Ok(Found::Same);
    }
    let config = document(bundle, &image.config).await?;
    let config: Value = serde_json::from_slice(&config).unwrap_or_default();
    Ok(if build_of(&config) == found.build { Found::Same } else { Found::Another })
}

async fn document(bundle: &Arc<Bundle>, digest: &str) -> Result<Vec<u8>, Error> {
    let (bundle, digest) = (bundle.clone(), digest.to_owned());
    Ok(tokio::task::spawn_blocking(move || bundle.document(&digest)).await.map_err(stopped)??)
}
