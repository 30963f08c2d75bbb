//! `atelier graph`: who does what to what, in the terminal or as a Mermaid sequence diagram. Needs no lab.

use std::fmt::Write as _;

use clap::Args;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::{Deed, mermaid};
use crate::ui::Mode;

/// Draw who does what to what
#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The tracks, with all that they need [default: all]
    tracks: Vec<String>,
    /// Print a Mermaid sequence diagram
    #[arg(long)]
    mermaid: bool,
}

pub(super) fn run(global: &Global, args: GraphArgs) -> Result<u8, Failure> {
    let spec = global.existing_lab().ok().map(|(_, spec)| spec);
    let workshop = global.library(spec.as_ref())?.workshop(&global.workshop(spec.as_ref()))?;
    if let Some(unknown) = args.tracks.iter().find(|track| !workshop.tracks.contains_key(*track)) {
        let known = workshop.tracks.keys().map(|track| format!("`{track}`")).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(
            Kind::Arguments,
            format!("the workshop has no track `{unknown}`; it has {known}"),
        ));
    }
    let tracks = if args.tracks.is_empty() { workshop.tracks.keys().cloned().collect() } else { args.tracks };
    let deeds = workshop.graph(&tracks);
    match global.ui.mode() {
        Mode::Json => global.ui.document(&deeds),
        Mode::Human if args.mermaid => global.ui.data(&mermaid(&deeds)),
        Mode::Human => global.ui.data(&lines(&deeds)),
    }
    Ok(0)
}

fn lines(deeds: &[Deed]) -> String {
    let mut text = String::new();
    for deed in deeds {
        let _ = match deed {
            Deed::Step { step, title, needs, .. } if needs.is_empty() => writeln!(text, "{step}: {title}"),
            Deed::Step { step, title, needs, .. } => {
                writeln!(text, "{step}: {title} (after {})", needs.join(", "))
            }
            Deed::Arrow { from, to, label, follows: false } => writeln!(text, "  {from} ──▶ {to}   {label}"),
            Deed::Arrow { from, to, label, .. } => writeln!(text, "  {from} ╌╌▶ {to}   {label}"),
        };
    }
    text
}
