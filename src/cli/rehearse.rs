//! `atelier rehearse`: runs tracks unattended. Each step must not be complete before, is done as its text says, and
//! must be complete after.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::session;
use crate::error::{Failure, Kind};
use crate::scenario::{RehearseOptions, Report};
use crate::ui::{Mode, duration, minutes, table};

/// Run tracks unattended and check every step
#[derive(Debug, Args)]
pub(super) struct RehearseArgs {
    /// The tracks, in this order
    #[arg(required_unless_present = "all")]
    tracks: Vec<String>,
    /// All tracks of the workshop
    #[arg(long, conflicts_with = "tracks")]
    all: bool,
    /// Clean up at the end as the material says; the lab stays
    #[arg(long)]
    cleanup: bool,
}

pub(super) async fn run(global: &Global, args: RehearseArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let tracks = if args.all { session.workshop.tracks.keys().cloned().collect() } else { args.tracks };
    let options = RehearseOptions { cleanup: args.cleanup };
    let report = tokio::select! {
        report = session.rehearse(&tracks, &options) => report?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(Kind::Interrupted, "interrupted")
                .hint("the same command goes on from here; `atelier down` removes the lab"));
        }
    };
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"event": "rehearsed", "report": report}));
    } else {
        global.ui.data(&format!("\n{}", account(&report)));
    }
    Ok(0)
}

/// A line for each step, and the sum.
fn account(report: &Report) -> String {
    let row = |step: &crate::scenario::StepReport| {
        let note = match (&step.played_as, step.resumed) {
            (_, true) => "complete before".to_owned(),
            (Some(actor), _) => format!("played as {actor}"),
            _ => String::new(),
        };
        let planned = step.estimated.map(minutes).unwrap_or_default();
        vec![step.step.clone(), step.title.clone(), duration(step.took), planned, note]
    };
    let head = ["step", "title", "took", "planned for people", ""].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(report.steps.iter().map(row)).collect();
    let steps = report.steps.len();
    table(&rows) + &format!("\n{steps} steps in {}, every check passed\n", duration(report.took))
}
