//! `atelier next`: shows the step that is open, after writing down what is complete by now.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::Failure;
use crate::ui::Mode;

/// Show the next step, without the interactive screen
#[derive(Debug, Args)]
pub(super) struct NextArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
}

pub(super) async fn run(global: &Global, args: NextArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let shown = session.show_next(&track).await?;
    match global.ui.mode() {
        Mode::Json if !shown => global.ui.document(&json!({"event": "finished"})),
        Mode::Human if !shown => global.ui.talk(&format!("every step of {track} is behind you")),
        Mode::Human => global.ui.explain("`atelier check` looks whether it is done, `atelier hint` helps"),
        Mode::Json => (),
    }
    Ok(0)
}
