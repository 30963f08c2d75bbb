//! `atelier skip`: leaves the open step out; the journal says so.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::Failure;
use crate::ui::Mode;

/// Leave the step out
#[derive(Debug, Args)]
pub(super) struct SkipArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
}

pub(super) async fn run(global: &Global, args: SkipArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let skipped = session.skip(&track).await?;
    match (global.ui.mode(), skipped) {
        (Mode::Json, None) => global.ui.document(&json!({"event": "finished"})),
        (Mode::Human, None) => global.ui.talk(&format!("every step of {track} is behind you")),
        (Mode::Human, Some(_)) => {
            global.ui.explain("Later steps may need what it would have made; `atelier solve` makes it.");
        }
        (Mode::Json, Some(_)) => (),
    }
    Ok(0)
}
