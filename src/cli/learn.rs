//! `atelier learn TRACK`: shows a step, watches its checks while a person works in a shell beside it, says where the
//! chain stands, and moves on by itself. Keys ask for help; the journal lets it be left and resumed.

use std::io::IsTerminal as _;

use clap::Args;
use console::{Key, Term};
use serde_json::json;
use tokio::sync::mpsc;

use super::global::Global;
use super::session;
use crate::error::Failure;
use crate::scenario::{Control, LearnOptions, LearnOutcome, Session, State};
use crate::ui::{Mode, duration};

/// What the keys do, said once at the beginning.
const KEYS: &str =
    "keys: h hint · w why not yet · c check now · s solve it for me · k skip · p play the others · q quit";

/// Follow a track, in a terminal beside your own shell
#[derive(Debug, Args)]
pub(super) struct LearnArgs {
    /// The track
    track: String,
    /// Let the tool play other tracks where a step needs them (`others` for all)
    #[arg(long, value_name = "TRACK")]
    play: Vec<String>,
}

pub(super) async fn run(global: &Global, args: LearnArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let before = session.progress(&args.track)?;
    if global.ui.mode() == Mode::Human {
        welcome(global, &session, &args.track, &before);
    }
    let (sender, control) = mpsc::channel(8);
    // Without a terminal nobody presses keys; the channel must stay open all the same.
    let _open = sender.clone();
    if std::io::stdin().is_terminal() {
        // Not one of the runtime's threads: nothing can end the reading of a key.
        std::thread::spawn(move || read_keys(&sender));
    }
    let options = LearnOptions { play: args.play };
    let outcome = tokio::select! {
        outcome = session.learn(&args.track, control, &options) => outcome?,
        _ = tokio::signal::ctrl_c() => LearnOutcome::Left { step: next_step(&session, &args.track) },
    };
    // Reading keys puts the terminal into another mode; it is the person's again now.
    let _ = Term::stderr().show_cursor();
    match (&outcome, global.ui.mode()) {
        (LearnOutcome::Finished, Mode::Human) => {
            global.ui.talk(&format!("\nthat was the track {}. `atelier down` removes the lab", args.track));
        }
        (LearnOutcome::Left { step }, Mode::Human) => {
            global.ui.talk(&format!("\nleft at {step}; `atelier learn {}` goes on from here", args.track));
        }
        (LearnOutcome::Finished, Mode::Json) => {
            global.ui.document(&json!({"event": "finished"}));
        }
        (LearnOutcome::Left { step }, Mode::Json) => {
            global.ui.document(&json!({"event": "left", "step": step}));
        }
    }
    Ok(0)
}

fn welcome(global: &Global, session: &Session, track: &str, before: &[crate::scenario::Progress]) {
    let title = session.workshop.tracks.get(track).map_or(track, |track| track.title.value.as_str());
    let done = before.iter().filter(|step| matches!(step.state, State::Complete | State::Skipped)).count();
    let left = before.iter().filter(|step| !matches!(step.state, State::Complete | State::Skipped));
    let left = left.filter_map(|step| step.estimated).sum();
    let actor = session.workshop.actor_of(track).map_or(track, |actor| actor.name.as_str());
    let mut lines = vec![
        format!("{title}: {done} of {} steps done, about {} to go", before.len(), duration(left)),
        format!("work in a second terminal: eval \"$(atelier env {actor})\" && cd \"$ATELIER_WORK\""),
    ];
    if std::io::stdin().is_terminal() {
        lines.push(KEYS.to_owned());
    }
    global.ui.talk(&lines.join("\n"));
}

fn next_step(session: &Session, track: &str) -> String {
    let progress = session.progress(track).unwrap_or_default();
    let open = progress.into_iter().find(|step| matches!(step.state, State::Pending | State::Begun));
    open.map_or_else(|| track.to_owned(), |step| step.step)
}

/// Turns keys into commands until the run has ended.
fn read_keys(sender: &mpsc::Sender<Control>) {
    let terminal = Term::stderr();
    while let Ok(key) = terminal.read_key() {
        let control = match key {
            Key::Char('h' | '?') => Control::Hint,
            Key::Char('w') => Control::Why,
            Key::Char('c') | Key::Enter => Control::Check,
            Key::Char('s') => Control::Solve,
            Key::Char('k') => Control::Skip,
            Key::Char('p') => Control::Play,
            Key::Char('a') => {
                let Ok(answer) = terminal.read_line() else { return };
                Control::Answer(answer)
            }
            Key::Char('q') | Key::CtrlC | Key::Escape => Control::Quit,
            _ => continue,
        };
        if sender.blocking_send(control).is_err() {
            return;
        }
    }
    let _ = sender.blocking_send(Control::Quit);
}
