//! `atelier reset`: goes back to the beginning of a step, after saying what that undoes.

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::session::confirm;
use super::track;
use crate::error::{Failure, Kind};
use crate::scenario::{ResetPlan, Session, State};
use crate::ui::Mode;

/// Go back to the beginning of a step
#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    /// The track [default: this shell's, or the one that was begun]
    track: Option<String>,
    /// The step [default: the one that was begun last]
    #[arg(long, value_name = "STEP")]
    to: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(global: &Global, args: ResetArgs) -> Result<u8, Failure> {
    let (session, track) = track::open(global, args.track)?;
    let step = match args.to {
        Some(step) => step.strip_prefix(&format!("{track}.")).unwrap_or(&step).to_owned(),
        None => last(&session, &track)?,
    };
    go(global, &session, &track, &step, args.yes).await
}

/// Goes back to the beginning of a step, after saying what that undoes, and asking.
pub(super) async fn go(
    global: &Global,
    session: &Session,
    track: &str,
    step: &str,
    yes: bool,
) -> Result<u8, Failure> {
    let plan = session.plan_reset(track, step).await?;
    if plan.is_empty() {
        match global.ui.mode() {
            Mode::Json => global.ui.document(&json!({"event": "reset", "plan": plan, "left": []})),
            Mode::Human => global.ui.talk(&format!("{track}.{step} has not begun: there is nothing to undo")),
        }
        return Ok(0);
    }
    if global.ui.mode() == Mode::Human {
        global.ui.explain(&account(&plan));
    }
    if !yes && !confirm(global, "Go back?")? {
        return Ok(Kind::NotDone.exit_code());
    }
    let left = session.reset(&plan).await?;
    match global.ui.mode() {
        Mode::Json => global.ui.document(&json!({"event": "reset", "plan": plan, "left": left})),
        Mode::Human if left.is_empty() => {
            global
                .ui
                .explain(&format!("Back at the beginning of {}. `atelier learn {track}` goes on.", plan.to));
        }
        Mode::Human => {
            let lines = left.iter().fold(String::new(), |text, line| format!("{text}- {line}\n"));
            global.ui.explain(&format!(
                "Back at the beginning of {}, but not everything is as it was:\n\n{lines}",
                plan.to
            ));
        }
    }
    Ok(if left.is_empty() { 0 } else { Kind::Platform.exit_code() })
}

/// The step that was begun last.
fn last(session: &Session, track: &str) -> Result<String, Failure> {
    let steps = session.progress(track)?;
    let begun = steps.iter().rev().find(|step| step.state != State::Pending).or(steps.first());
    let name = begun.map(|step| step.step.clone()).unwrap_or_default();
    Ok(name.split_once('.').map(|(_, step)| step.to_owned()).unwrap_or_default())
}

fn account(plan: &ResetPlan) -> String {
    let mut text = format!("Going back to the beginning of **{}** undoes:\n\n", plan.to);
    for step in &plan.steps {
        let _ = writeln!(text, "- the step {step}");
    }
    for (repository, branch, commit) in &plan.branches {
        let _ = match commit.get(..8) {
            Some(commit) => writeln!(
                text,
                "- branch `{branch}` of `{repository}` gets the files of {commit}, by a new commit"
            ),
            None if branch == "main" => {
                writeln!(text, "- branch `{branch}` of `{repository}` gets no files, by a new commit")
            }
            None => writeln!(text, "- branch `{branch}` of `{repository}` goes"),
        };
    }
    for command in &plan.undo {
        let _ = writeln!(text, "- `{}`", command.lines().next().unwrap_or_default());
    }
    for object in &plan.objects {
        let _ = writeln!(text, "- {object}");
    }
    text
}
