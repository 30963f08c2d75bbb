//! `atelier check`: looks at the open step once, and writes down what is complete.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::{Failure, Kind};
use crate::scenario::Looked;
use crate::ui::Mode;

/// Look whether the step is done
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
    /// Answer the step's question
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
}

pub(super) async fn run(global: &Global, args: CheckArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let looked = session.check(&track, args.answer.as_deref()).await?;
    let (document, text, done) = match looked {
        Looked::Finished => {
            (json!({"event": "finished"}), Some(format!("every step of {track} is behind you")), true)
        }
        Looked::Complete { step } => (
            json!({"event": "checked", "step": step, "done": true}),
            Some("`atelier next` shows the next step".to_owned()),
            true,
        ),
        Looked::NotDone { step, check, expects, observed } => {
            let text =
                format!("{step} is not done yet: **{check}** waits until {expects}\n\nNow: {observed}");
            let document = json!({"event": "checked", "step": step, "done": false, "check": check,
                "expects": expects, "observed": observed});
            (document, Some(text), false)
        }
    };
    match (global.ui.mode(), text) {
        (Mode::Json, _) => global.ui.document(&document),
        (Mode::Human, Some(text)) => global.ui.explain(&text),
        (Mode::Human, None) => (),
    }
    Ok(if done { 0 } else { Kind::NotDone.exit_code() })
}
