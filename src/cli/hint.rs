//! `atelier hint`: gives the next hint of the open step.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Give a hint for the step
#[derive(Debug, Args)]
pub(super) struct HintArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
}

pub(super) async fn run(global: &Global, args: HintArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    if session.hint(&track).await? {
        return Ok(0);
    }
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"event": "no_hint"})),
        Mode::Human => global.ui.explain(
            "There are no more hints. `atelier why` says what is missing, `atelier solve` does the step for you.",
        ),
    }
    Ok(Kind::NotDone.exit_code())
}
