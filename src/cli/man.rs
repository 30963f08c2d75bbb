//! `atelier man DIR`: writes the manual's pages, one for each command.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::arguments::Arguments;
use super::global::Global;
use crate::error::{Failure, Kind};

/// Write the manual's pages into a folder
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder, such as `~/.local/share/man/man1`
    folder: PathBuf,
}

pub(super) fn run(global: &Global, args: &ManArgs) -> Result<u8, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Machine, format!("cannot write pages into `{}`: {error}", args.folder.display()))
            .hint("name a folder that you can write")
    };
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), &args.folder).map_err(failed)?;
    global.ui.talk(&format!("the pages are in `{}`", args.folder.display()));
    Ok(0)
}
