//! `atelier team`: all tracks side by side, and who waits for whom; live with `--follow`.

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::session;
use crate::error::Failure;
use crate::scenario::{Session, State};
use crate::ui::{Mode, table};

/// Show all tracks side by side
#[derive(Debug, Args)]
pub(super) struct TeamArgs {
    /// Go on, with a new table whenever somebody completes a step
    #[arg(long)]
    follow: bool,
}

pub(super) async fn run(global: &Global, args: TeamArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let mut changes = session.completions();
    let mut last = String::new();
    loop {
        let (document, text) = standing(&session).await?;
        if text != last {
            match global.ui.mode() {
                Mode::Json => global.ui.document(&document),
                Mode::Human if last.is_empty() => global.ui.data(&text),
                Mode::Human => global.ui.data(&format!("\n{text}")),
            }
            last = text;
        }
        if !args.follow {
            return Ok(0);
        }
        tokio::select! {
            change = futures::StreamExt::next(&mut changes) => if change.is_none() { return Ok(0) },
            _ = tokio::signal::ctrl_c() => return Ok(0),
        }
    }
}

/// The table, and the same as data.
async fn standing(session: &Session) -> Result<(serde_json::Value, String), Failure> {
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut tracks = Vec::new();
    let mut team = session.team().await?;
    for (track, about) in &session.workshop.tracks {
        let steps = team.remove(track).unwrap_or_default();
        let behind = |state: State| matches!(state, State::Complete | State::Skipped);
        let done = steps.iter().filter(|step| behind(step.progress.state)).count();
        let mut column = vec![about.title.value.clone(), format!("{done} of {}", steps.len())];
        for step in &steps {
            let name = step.progress.step.as_str();
            let id = name.split_once('.').map_or(name, |(_, id)| id);
            let mark = match step.progress.state {
                State::Complete => "✓",
                State::Skipped => "-",
                State::Begun => "…",
                State::Pending => " ",
            };
            column.push(format!("{mark} {id}"));
            if !step.waits.is_empty() {
                column.push(format!("    waits for {}", step.waits.join(", ")));
            }
        }
        tracks.push(json!({"track": track, "done": done, "steps": steps}));
        columns.push(column);
    }
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let cell = |column: &Vec<String>, row: usize| column.get(row).cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> =
        (0..height).map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect();
    Ok((json!({"tracks": tracks}), table(&rows)))
}
