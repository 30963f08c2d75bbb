//! `atelier plan`: prints what a track would do, rendered as far as it is known, and runs nothing.

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::track;
use crate::error::Failure;
use crate::scenario::PlannedStep;
use crate::ui::Mode;

/// Print what a track would do, and run nothing
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
}

pub(super) async fn run(global: &Global, args: PlanArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let steps = session.plan(&track).await?;
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"track": track, "steps": steps})),
        Mode::Human => global.ui.data(&steps.iter().map(account).collect::<Vec<_>>().join("\n")),
    }
    Ok(0)
}

fn account(step: &PlannedStep) -> String {
    let mut text = format!("{}: {}\n", step.step, step.title);
    if step.behind {
        text.push_str("  complete, or left out, already\n");
    }
    if let Some(lack) = &step.lack {
        let _ = writeln!(text, "  left out here: {lack}");
    }
    for need in &step.needs {
        let _ = writeln!(text, "  after {need}");
    }
    for action in &step.actions {
        for (index, line) in action.shown.lines().enumerate() {
            let who =
                if index == 0 { format!("{} $ ", action.actor) } else { " ".repeat(action.actor.len() + 3) };
            let _ = writeln!(text, "  {who}{line}");
        }
        if action.once {
            text.push_str("    (once)\n");
        }
        if let Some(lack) = &action.lack {
            let _ = writeln!(text, "    ! {lack}");
        }
    }
    for check in &step.checks {
        let _ = writeln!(text, "  until {}", check.lines().next().unwrap_or_default());
    }
    text
}
