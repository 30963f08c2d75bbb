//! `atelier handout`: a workshop, or some of its tracks, to print and to read. Needs no lab.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::{Library, Workshop};
use crate::ui::Mode;

/// Write a handout to print or to read
#[derive(Debug, Args)]
pub(super) struct HandoutArgs {
    /// A workshop, or tracks of one [default: the workshop of the lab, else `one`]
    #[arg(value_name = "WORKSHOP|TRACK")]
    names: Vec<String>,
    /// How it is written [default: by the ending of FILE, else html]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to this file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Tell solutions and the trainer's notes, too
    #[arg(long)]
    solutions: bool,
}

/// How a handout is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page for a browser, which prints
    Html,
    /// Plain text
    Markdown,
}

pub(super) async fn run(global: &Global, args: HandoutArgs) -> Result<u8, Failure> {
    let spec = global.existing_lab().ok().map(|(_, spec)| spec);
    let library = global.library(spec.as_ref())?;
    let usual = global.workshop(spec.as_ref());
    let (workshop, tracks) = chosen(&library, &usual, &args.names)?;
    let handout = workshop.handout(&tracks, args.solutions).await?;
    let ending =
        args.output.as_ref().and_then(|path| path.extension()).map(|ending| ending.to_ascii_lowercase());
    let markdown = ending.is_some_and(|ending| ending == "md" || ending == "markdown");
    let format = args.format.unwrap_or(if markdown { Format::Markdown } else { Format::Html });
    let text = match format {
        Format::Html => handout.html(),
        Format::Markdown => handout.markdown(),
    };
    let Some(path) = args.output else {
        match global.ui.mode() {
            Mode::Json => global.ui.document(&handout),
            Mode::Human => global.ui.data(&text),
        }
        return Ok(0);
    };
    std::fs::write(&path, &text).map_err(|error| {
        Failure::new(Kind::Machine, format!("`{}` cannot be written: {error}", path.display()))
            .hint("name a file in a folder that is there and that you can write to")
    })?;
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"written": path, "bytes": text.len()})),
        Mode::Human => {
            let steps: usize = handout.tracks.iter().map(|track| track.steps.len()).sum();
            let print = if format == Format::Html { "; a browser prints it" } else { "" };
            global.ui.talk(&format!("{}: {steps} steps of {}{print}", path.display(), tracks.join(", ")));
        }
    }
    Ok(0)
}

/// The workshop that the names mean, and which of its tracks.
fn chosen(library: &Library, usual: &str, names: &[String]) -> Result<(Workshop, Vec<String>), Failure> {
    let workshops = library.workshops();
    let (whole, tracks): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| workshops.contains(name));
    let workshop = match whole.as_slice() {
        [] => of_tracks(library, usual, &tracks)?,
        [only] => library.workshop(only)?,
        several => {
            let text = format!("a handout is of one workshop, and these are {}", several.join(", "));
            return Err(Failure::new(Kind::Arguments, text).hint("write one handout for each"));
        }
    };
    let known = || workshop.tracks.keys().cloned().collect::<Vec<_>>();
    if let Some(unknown) = tracks.iter().find(|track| !workshop.tracks.contains_key(*track)) {
        let text = format!("`{unknown}` is neither a workshop nor a track of `{}`", workshop.id);
        let hint = format!(
            "workshops are {}; tracks of `{}` are {}",
            workshops.join(", "),
            workshop.id,
            known().join(", ")
        );
        return Err(Failure::new(Kind::Arguments, text).hint(hint));
    }
    let tracks = if tracks.is_empty() { workshop.in_order() } else { tracks };
    Ok((workshop, tracks))
}

/// The usual workshop, or, where it is not there or lacks one of the tracks, the first that has them all.
fn of_tracks(library: &Library, usual: &str, tracks: &[String]) -> Result<Workshop, Failure> {
    let mut names = library.workshops();
    names.sort_by_key(|name| name != usual);
    for name in &names {
        let workshop = library.workshop(name)?;
        if tracks.iter().all(|track| workshop.tracks.contains_key(track)) {
            return Ok(workshop);
        }
    }
    Ok(library.workshop(names.first().map_or(usual, String::as_str))?)
}
