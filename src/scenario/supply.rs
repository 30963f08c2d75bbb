//! What people push to the lab's registry, images and charts: how they are made of files, and where they go. The
//! actions `image` and `chart` and the commands of the same names do it by this.

use std::collections::BTreeMap;

use super::kubernetes::chain;
use super::workshop::Workshop;
use crate::artifacts::{Base, Chart, Error, Packed, Recipe, Reference, Remote, Tree};
use crate::manifests::charts;
use crate::platform::{FORGE_HOST, Kind, Platform};

/// The lab's registry, as a person sees it.
pub struct Supply<'a> {
    /// The lab's platform.
    pub platform: &'a Platform,
    /// Its workshop, whose catalogue has images that need not be in the registry where no containers run.
    pub workshop: &'a Workshop,
    /// Who pushes.
    pub user: &'a str,
    /// With this token.
    pub token: &'a str,
}

impl Supply<'_> {
    /// Reads the name of something in the lab's registry.
    pub fn reference(&self, text: &str) -> Result<Reference, Error> {
        let url = self.platform.forge.url();
        let local = url.trim_start_matches("http://");
        let port = local.rsplit(':').next().unwrap_or_default();
        let reference: Reference = text.parse()?;
        let reference = reference.within(&[local, FORGE_HOST, &format!("localhost:{port}")]);
        if reference.host.is_some() || !reference.name.contains('/') {
            return Err(Error::Foreign { name: text.to_owned() });
        }
        Ok(reference)
    }

    /// A repository of it.
    pub fn remote(&self, name: &str) -> Remote {
        Remote::new(&self.platform.forge.url(), name, self.user, self.token)
    }

    /// Builds an image of a folder's files; for all platforms of its base, or those that are named.
    pub async fn image(&self, folder: Tree, recipe: &Recipe, platforms: &[String]) -> Result<Packed, Error> {
        let (base, image) = recipe.read(&folder)?;
        let base = match base {
            None => Base::scratch(&machine(platforms))?,
            Some(base) => self.base(&self.reference_of(&base)?, platforms).await?,
        };
        let built = tokio::task::spawn_blocking(move || image.build(&folder, &base)).await;
        built.map_err(|error| Error::Archive { source: std::io::Error::other(error) })?
    }

    fn reference_of(&self, base: &Reference) -> Result<Reference, Error> {
        self.reference(&base.to_string())
    }

    /// What an image is built on. One of the catalogue need not be in the registry: where no containers run it is as good
    /// as nothing, and else this machine has it.
    async fn base(&self, wanted: &Reference, platforms: &[String]) -> Result<Base, Error> {
        if let Some(base) = Base::of(&self.remote(&wanted.name), wanted, platforms).await? {
            return Ok(base);
        }
        let full = format!("{FORGE_HOST}/{}", wanted.name);
        let known = |image: &crate::objects::Image| {
            image.reference == full && wanted.tag.as_ref().is_none_or(|tag| image.tags.contains(tag))
        };
        if wanted.digest.is_none() && self.workshop.images.iter().any(known) {
            if self.platform.kind == Kind::Embedded {
                return Base::scratch(&machine(platforms));
            }
            // The nodes were given it by this machine, as `docker build` would find it there.
            let odd = |reason: String| Error::NotAnImage { image: wanted.short(), reason };
            let published = self.platform.forge.publish(&wanted.short()).await;
            if published.map_err(|error| odd(chain(&error)))?
                && let Some(base) = Base::of(&self.remote(&wanted.name), wanted, platforms).await?
            {
                return Ok(base);
            }
        }
        Err(Error::Unknown { name: wanted.short() })
    }
}

/// The platforms that are named, else this machine's.
fn machine(platforms: &[String]) -> Vec<String> {
    if !platforms.is_empty() {
        return platforms.to_vec();
    }
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    vec![format!("linux/{architecture}")]
}

/// Why a folder is no chart that can be packaged.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] charts::LoadError),
    /// It cannot be packaged.
    #[error(transparent)]
    Package(#[from] Error),
    /// It needs charts that are not in its `charts/`; in Helm's words.
    #[error("found in Chart.yaml, but missing in charts/ directory: {}", names.join(", "))]
    Dependencies {
        /// Their names.
        names: Vec<String>,
    },
}

/// Packages a chart of its files, but for those that its `.helmignore` names.
pub fn package_chart(
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
    version: Option<&str>,
    app_version: Option<&str>,
) -> Result<Chart, ChartError> {
    let files = files.into_iter().map(|(name, data)| charts::File { name, data });
    let files = charts::without_ignored(files.collect())?;
    let chart = charts::Chart::from_files(files.clone())?;
    let has = |name: &str| chart.dependencies.iter().any(|one| one.metadata.name == name);
    let missing = chart.metadata.dependencies.iter().filter(|one| !has(&one.name));
    let names = missing.map(|one| one.name.clone()).collect::<Vec<_>>();
    if !names.is_empty() {
        return Err(ChartError::Dependencies { names });
    }
    let files: BTreeMap<_, _> = files.into_iter().map(|file| (file.name, file.data)).collect();
    let packaged = Chart::package(files, version, app_version)?;
    // Another version may be none.
    let mut metadata = chart.metadata;
    metadata.version.clone_from(&packaged.version);
    metadata.check().map_err(|message| charts::LoadError::Invalid { message })?;
    Ok(packaged)
}
