//! `atelier manifest`: prints the manifest of something that a lesson installs, to be piped into `kubectl apply`.

use clap::{Args, ValueEnum};

use super::global::Global;
use super::session;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Print the manifest of what a lesson installs
#[derive(Debug, Args)]
pub(super) struct ManifestArgs {
    /// What is installed
    what: What,
}

/// What has a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Flux, as it is for this lab
    Operator,
}

pub(super) fn run(global: &Global, args: ManifestArgs) -> Result<u8, Failure> {
    let What::Operator = args.what;
    let (folder, spec) = global.existing_lab()?;
    let objects = session::operator(&folder, &spec)?;
    if objects.is_empty() {
        let text = format!(
            "the workshop `{}` has no use for the operator, so that its manifest is not at hand",
            spec.workshop
        );
        return Err(Failure::new(Kind::Arguments, text).hint("`flux install --export` prints one"));
    }
    if global.ui.mode() == Mode::Json {
        global.ui.document(&objects);
        return Ok(0);
    }
    // JSON is YAML, but people look at it.
    let text = objects.iter().map(|object| serde_saphyr::to_string(object).unwrap_or_default());
    global.ui.data(&text.collect::<Vec<_>>().join("---\n"));
    Ok(0)
}
