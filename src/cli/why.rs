//! `atelier why`: tells where the chain of the open step's checks stands, and what was seen.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::Failure;
use crate::ui::Mode;

/// Say what is missing, link by link
#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
}

pub(super) async fn run(global: &Global, args: WhyArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let open = session.why(&track).await?;
    match global.ui.mode() {
        Mode::Json if !open => global.ui.document(&json!({"event": "finished"})),
        Mode::Human if !open => global.ui.talk(&format!("every step of {track} is behind you")),
        _ => (),
    }
    Ok(0)
}
