//! `atelier list`: the steps of a track, or of all, and how far they are.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::session;
use crate::error::Failure;
use crate::scenario::{Progress, State};
use crate::ui::{Mode, minutes, table};

/// List the steps and how far they are
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The track [default: all]
    track: Option<String>,
}

pub(super) fn run(global: &Global, args: ListArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.existing_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let tracks = match args.track {
        Some(track) => vec![track],
        None => session.workshop.tracks.keys().cloned().collect(),
    };
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for track in &tracks {
        let steps = session.progress(track)?;
        rows.extend(steps.iter().map(row));
        all.push(json!({"track": track, "steps": steps}));
    }
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"workshop": session.workshop.id, "tracks": all})),
        Mode::Human => global.ui.data(&table(&rows)),
    }
    Ok(0)
}

fn row(step: &Progress) -> Vec<String> {
    let (mark, word) = match step.state {
        State::Complete => ("✓", "complete"),
        State::Skipped => ("-", "left out"),
        State::Begun => ("…", "begun"),
        State::Pending => (" ", ""),
    };
    let estimated = step.estimated.map(minutes).unwrap_or_default();
    vec![format!("{mark} {}", step.step), step.title.clone(), estimated, word.to_owned()]
}
