//! The sample's image, built by the engine from our own program on a base that is configured. On the base `scratch`,
//! which is nothing and need not be pulled, the program brings the libraries that it is linked to.

use std::path::{Path, PathBuf};

use super::site::Tell;
use super::{Error, Site, linked};
use crate::platform;

/// What is done with the program; the base's name is put in front.
const DOCKERFILE: &str = include_str!("../../../docker/sample/Dockerfile");
/// The base that is nothing, as in a Dockerfile.
pub(super) const SCRATCH: &str = "scratch";

impl Site {
    /// Builds the image `reference` of a sample that answers as `version`, unless the engine has one that was
    /// built from this very program. Whether it was built.
    pub async fn ensure_sample(
        &self,
        reference: &str,
        sample: &str,
        version: &str,
        program: &Path,
        tell: Tell<'_>,
    ) -> Result<bool, platform::Error> {
        let failed = |source| platform::files::file_error(program, source);
        let stamp = stamp(program).map_err(failed)?;
        if let Some(image) = self.engine.image(reference).await?
            && image.labels.get("atelier.program") == Some(&stamp)
        {
            return Ok(false);
        }
        let cannot = |source: std::io::Error| Error::Image {
            image: reference.to_owned(),
            reason: format!("{}: {source}", program.display()),
        };
        let variable = format!("{}_VERSION", sample.to_uppercase());
        let last = format!(
            "ENTRYPOINT [\"/usr/local/bin/atelier\", \"sample\", \"{sample}\"]\nENV {variable}={version}\n"
        );
        tell(format!("image {reference} is built"));
        // What was built from this program needs it no second time: only the sample's name and version are others.
        let known = self.filter().into_iter().chain([format!("atelier.program={stamp}")]).collect::<Vec<_>>();
        if let Some(like) = self.engine.images(&known).await?.first() {
            let packed = pack(&format!("FROM {like}\n{last}"), &[]).map_err(cannot)?;
            self.engine.build(reference, packed).await?;
            return Ok(true);
        }
        let (base, libraries) = if self.settings.base == SCRATCH {
            (SCRATCH.to_owned(), linked::files(program).await.map_err(cannot)?)
        } else {
            self.ensure_pulled(&self.settings.base, tell).await?;
            (self.settings.local(&self.settings.base), Vec::new())
        };
        let mut labels = self.labels("image").into_iter().collect::<Vec<_>>();
        labels.push(("atelier.program".to_owned(), stamp));
        labels.sort();
        let labels = labels.iter().map(|(key, value)| format!(" {key}={}", quote(value)));
        // The labels come first and in one step: what an interrupted build leaves has all of them.
        let labels = format!("LABEL{}\n", labels.collect::<String>());
        let copied = if libraries.is_empty() { "" } else { "COPY root /\n" };
        let dockerfile = format!("FROM {base}\n{labels}{copied}{DOCKERFILE}{last}");
        let path = program.to_owned();
        let packed = tokio::task::spawn_blocking(move || {
            let beside = |library: PathBuf| {
                let place = Path::new("root").join(library.strip_prefix("/").unwrap_or(&library));
                (library, place)
            };
            let mut files = vec![(path, PathBuf::from("atelier"))];
            files.extend(libraries.into_iter().map(beside));
            pack(&dockerfile, &files)
        });
        let packed = packed.await;
        let packed = packed.map_err(std::io::Error::other).flatten().map_err(cannot)?;
        self.engine.build(reference, packed).await?;
        Ok(true)
    }
}

/// A word of a Dockerfile.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('$', r"\$"))
}

/// Changes when the program does.
fn stamp(program: &Path) -> Result<String, std::io::Error> {
    let metadata = std::fs::metadata(program)?;
    let changed = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", metadata.len(), changed.as_nanos()))
}

/// The folder that the engine builds in: the Dockerfile, and files in their places.
fn pack(dockerfile: &str, files: &[(PathBuf, PathBuf)]) -> Result<Vec<u8>, std::io::Error> {
    let mut archive = tar::Builder::new(Vec::new());
    // The engine does not read the format for files with holes.
    archive.sparse(false);
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes())?;
    for (file, place) in files {
        archive.append_path_with_name(file, place)?;
    }
    archive.into_inner()
}
