//! `atelier solve`: the tool does the open step, or all up to one, with the steps of others that they need.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Let the tool do the step, or all up to one
#[derive(Debug, Args)]
pub(super) struct SolveArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
    /// Do all steps up to this one
    #[arg(long, value_name = "STEP")]
    to: Option<String>,
}

pub(super) async fn run(global: &Global, args: SolveArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let to = args.to.as_deref().map(|step| step.strip_prefix(&format!("{track}.")).unwrap_or(step));
    let solved = tokio::select! {
        solved = session.solve(&track, to) => solved?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(Kind::Interrupted, "interrupted").hint("the same command goes on from here"));
        }
    };
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"event": "solved", "steps": solved})),
        Mode::Human if solved.is_empty() => global.ui.talk("there was nothing to do"),
        Mode::Human => (),
    }
    Ok(0)
}
