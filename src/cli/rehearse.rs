//! `atelier rehearse`: runs tracks unattended. Each step must not be complete before, is done as its text says, and
//! must be complete after.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::recorder::Recorder;
use super::{rehearsed, session};
use crate::error::{Failure, Kind};
use crate::events::{Event, Events};
use crate::lab::LabFolder;
use crate::platform::{self, embedded};
use crate::process::Command;
use crate::scenario::{RehearseOptions, Report, Session};
use crate::ui::{Mode, duration, minutes, table};

/// How long a driver may live that is to be killed.
const KILL_LIMIT: Duration = Duration::from_secs(3600);

/// Run tracks unattended and check every step
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// Do every action a second time, which must change nothing
    #[arg(long)]
    twice: bool,
    /// Let chance choose which track goes on; the same number chooses the same way
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write a report for programs that count tests (`JUnit`)
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a transcript and a recording of every step into this folder
    #[arg(long, value_name = "DIR")]
    transcript: Option<PathBuf>,
    /// Mark a failure with file and line, as workflows show it
    #[arg(long)]
    annotations: bool,
    /// Kill the driver in the middle of a step, and go on from there
    #[arg(long, value_name = "STEP")]
    kill_at: Option<String>,
    /// Let the lab's clock go N times as fast: waits of Flux and of the nodes get shorter, nothing else does
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: Option<u32>,
    /// Be the driver that is killed
    #[arg(long, hide = true, value_name = "STEP", conflicts_with = "kill_at")]
    die_at: Option<String>,
}

pub(super) async fn run(global: &Global, args: RehearseArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let mut session = session::open(global, &folder, &spec)?;
    let all = || session.workshop.tracks.keys().cloned().collect();
    let tracks: Vec<String> = if args.all { all() } else { args.tracks.clone() };
    let options = RehearseOptions { cleanup: args.cleanup, twice: args.twice, seed: args.seed };
    if let Some(step) = &args.kill_at {
        kill(global, folder.name(), &tracks, &args, step).await?;
    }
    let recorder = Recorder::new();
    session.events = recorder.listen(session.events.clone());
    if let Some(step) = args.die_at.clone() {
        session.events = die(step, session.events.clone());
    }
    let _pace = pace(global, &session, &folder, args.speed).await?;
    let report = tokio::select! {
        report = session.rehearse(&tracks, &options) => report.map_err(Failure::from),
        _ = tokio::signal::ctrl_c() => Err(Failure::new(Kind::Interrupted, "interrupted")
            .hint("the same command goes on from here; `atelier down` removes the lab")),
    };
    keep(global, &args, &recorder, &session, report.as_ref().err())?;
    let report = report?;
    rehearsed::remember(&folder, &report)?;
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"event": "rehearsed", "report": report}));
    } else {
        global.ui.data(&format!("\n{}", account(&report)));
    }
    Ok(0)
}

/// Sets the lab's clock; it goes as usual again when what is returned is dropped, or this process is killed.
async fn pace(
    global: &Global,
    session: &Session,
    folder: &LabFolder,
    speed: Option<u32>,
) -> Result<Option<embedded::Hold>, Failure> {
    let Some(speed) = speed else { return Ok(None) };
    let platform = &session.platform;
    if platform.kind != platform::Kind::Embedded {
        let name = platform.kind.name();
        let refused = format!("`--speed` is not possible on the platform `{name}`");
        let hint = "its controllers and nodes have clocks of their own";
        return Err(Failure::new(Kind::Arguments, refused).hint(hint));
    }
    let client = platform.cluster().client().await?;
    let hold = embedded::hold_speed(&embedded::Folder::new(folder.platform())).await?;
    let set = embedded::set_speed(&client, speed).await;
    set.map_err(|error| Failure::new(Kind::Platform, error))?;
    global.ui.events().note(format!(
        "the lab's clock goes {speed} times as fast: Flux and the nodes wait less; times below are real"
    ));
    Ok(Some(hold))
}

/// Writes what was asked for, whether the rehearsal came to its end or not.
fn keep(
    global: &Global,
    args: &RehearseArgs,
    recorder: &Recorder,
    session: &Session,
    failure: Option<&Failure>,
) -> Result<(), Failure> {
    let text = failure.map(|failure| {
        let mut text = failure.source.to_string();
        let mut next = failure.source.source();
        while let Some(cause) = next {
            text = format!("{text}\n{cause}");
            next = cause.source();
        }
        text
    });
    if let Some(folder) = &args.transcript {
        recorder.write(folder)?;
    }
    if let Some(path) = &args.junit {
        let report = recorder.junit(&session.workshop, text.as_deref());
        let failed = |error| Failure::new(Kind::Machine, format!("`{}`: {error}", path.display()));
        std::fs::write(path, report).map_err(failed)?;
    }
    if let (true, Some(text)) = (args.annotations, text) {
        let text = text.replace('%', "%25").replace('\n', "%0A");
        let place = recorder.broken(&session.workshop);
        let place = place.map(|(step, file, line)| format!(" file={file},line={line},title={step}"));
        global.ui.data(&format!("::error{}::{text}\n", place.unwrap_or_default()));
    }
    Ok(())
}

/// Runs the same rehearsal in a driver of its own, which is killed in the middle of a step.
async fn kill(
    global: &Global,
    lab: &str,
    tracks: &[String],
    args: &RehearseArgs,
    step: &str,
) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::new(Kind::Machine, error))?;
    let home = global.home.path().display().to_string();
    let mut words =
        vec!["rehearse".to_owned(), "--lab".to_owned(), lab.to_owned(), "--home".to_owned(), home];
    words.extend(["--json".to_owned(), "--die-at".to_owned(), step.to_owned()]);
    words.extend(args.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
    words.extend(args.speed.iter().flat_map(|speed| ["--speed".to_owned(), speed.to_string()]));
    words.extend(tracks.iter().cloned());
    let output = Command::new(program).args(words).limit(KILL_LIMIT).output().await?;
    if output.code == 128 + 9 {
        global.ui.events().note(format!("the driver was killed in {step}; another one goes on"));
        return Ok(());
    }
    let last = output.stdout.lines().last().unwrap_or_default();
    let text =
        format!("the driver was to be killed in `{step}`, and ended with exit code {}: {last}", output.code);
    Err(Failure::new(Kind::NotDone, text).hint("a step that does nothing, or is complete, kills nobody"))
}

/// Kills this very process when an action of a step was done, and the journal does not know it yet.
fn die(step: String, told: Events) -> Events {
    Events::to(move |event| {
        let now = match &event {
            Event::ActionFinished { step: at, .. } | Event::CheckPassed { step: at, .. } => *at == step,
            _ => false,
        };
        told.send(event);
        if now {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    })
}

/// A line for each step, and the sum.
fn account(report: &Report) -> String {
    let row = |step: &crate::scenario::StepReport| {
        let note = match (&step.played_as, step.resumed) {
            _ if step.skipped.is_some() => "left out".to_owned(),
            (_, true) => "complete before".to_owned(),
            (Some(actor), _) => format!("played as {actor}"),
            _ => String::new(),
        };
        let planned = step.estimated.map(minutes).unwrap_or_default();
        // People are slower than machines; a machine that is slower than the plan for people tells of a wrong plan.
        let slow = step.estimated.is_some_and(|estimated| step.took > estimated);
        let note = if slow { "slower than planned".to_owned() } else { note };
        vec![step.step.clone(), step.title.clone(), duration(step.took), planned, note]
    };
    let head = ["step", "title", "took", "planned for people", ""].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(report.steps.iter().map(row)).collect();
    let steps = report.steps.len();
    table(&rows) + &format!("\n{steps} steps in {}, every check passed\n", duration(report.took))
}
