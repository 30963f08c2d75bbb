//! What set-up takes from elsewhere, and what of it is not at hand. The samples' images are not among it: they are built
//! of this program.

use std::collections::BTreeSet;
use std::path::Path;

use crate::artifacts::bundle::Index;
use crate::platform;
use crate::platform::k3d::build::SCRATCH;
use crate::platform::k3d::manifest::images;
use crate::platform::k3d::settings::tagged;
use crate::platform::k3d::site::Tell;
use crate::platform::k3d::{Error, Site, tool};

/// An image that set-up takes from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// What it is for: `node`, `add-on`, `tools`, `forge`, `operator`, `workshop`, `base`.
    pub(super) part: &'static str,
    /// As configured.
    pub(super) reference: String,
}

impl Site {
    /// All images that set-up takes from elsewhere, each once. `workshop` are those of its catalogue. The operator's are
    /// among them once its manifest is at hand.
    pub(super) async fn pieces(&self, workshop: &[String]) -> Result<Vec<Piece>, platform::Error> {
        let settings = &self.settings;
        let base = Some(&settings.base).filter(|base| *base != SCRATCH);
        let operator = if self.probe_manifest() { images(&self.operator()?) } else { Vec::new() };
        let tools = self.tools_image().await?;
        let of = |part, reference: &String| Piece { part, reference: reference.clone() };
        let mut pieces = vec![of("node", &settings.k3s), of("tools", &tools), of("forge", &settings.gitea)];
        pieces.extend(settings.add_ons.iter().map(|image| of("add-on", image)));
        pieces.extend(operator.iter().map(|image| of("operator", image)));
        pieces.extend(workshop.iter().map(|image| of("workshop", image)));
        pieces.extend(base.map(|image| of("base", image)));
        let mut seen = BTreeSet::new();
        pieces.retain(|piece| seen.insert(piece.reference.clone()));
        Ok(pieces)
    }

    /// The images that k3s itself runs, for who brings them into the nodes.
    pub fn add_ons(&self) -> &[String] {
        if self.settings.offline { &self.settings.add_ons } else { &[] }
    }

    /// k3d's helper image: the configured one, else the one of k3d's own release.
    /// <https://k3d.io/stable/usage/advanced/>
    pub(super) async fn tools_image(&self) -> Result<String, platform::Error> {
        if let Some(image) = &self.settings.k3d_tools {
            return Ok(image.clone());
        }
        let version = tool::version(&self.settings.k3d).await?;
        let release = version.trim_start_matches('v');
        let is_release = release.split('.').count() == 3 && release.starts_with(|c: char| c.is_ascii_digit());
        Ok(format!("ghcr.io/k3d-io/k3d-tools:{}", if is_release { release } else { "latest" }))
    }

    /// What is neither at hand nor in the bundle, each with its name: all that would have to be pulled or downloaded.
    pub async fn lacking(
        &self,
        home: &Path,
        workshop: &[String],
        operator: bool,
        bundle: Option<&Index>,
        tell: Tell<'_>,
    ) -> Result<Vec<String>, platform::Error> {
        let mut lacking = Vec::new();
        if operator {
            match self.ensure_manifest(home, tell).await {
                Ok(_) => {}
                Err(platform::Error::K3d(error @ (Error::Manifest { .. } | Error::Checksum { .. }))) => {
                    lacking.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        let architecture = self.engine.facts().await?.architecture;
        let given = bundle.into_iter().flat_map(|index| &index.images);
        let given = given.filter(|image| image.architecture == architecture);
        let given = given.map(|image| image.reference.as_str()).collect::<BTreeSet<_>>();
        for piece in self.pieces(workshop).await? {
            let local = tagged(&self.settings.local(&piece.reference));
            if !given.contains(local.as_str()) && self.engine.image(&local).await?.is_none() {
                lacking.push(format!("image `{local}` ({})", piece.part));
            }
        }
        Ok(lacking)
    }
}
