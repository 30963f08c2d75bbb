//! `atelier learn TRACK`: shows a step, watches its checks while a person works in a shell beside it, says where the
//! chain stands, and moves on by itself. Keys ask for help; the journal lets it be left and resumed.

use std::fmt::Write as _;

use clap::Args;
use console::{Key, Term};
use serde_json::json;
use tokio::sync::mpsc;

use super::global::Global;
use super::terminal::Terminal;
use super::{reset, session, tracks};
use crate::error::Failure;
use crate::scenario::{Control, LearnOptions, LearnOutcome, Progress, Session, State};
use crate::ui::{Mode, Ui, minutes};

/// What the keys do, said once at the beginning.
const KEYS: &str = "Keys, in this window: `h` hint · `?` what marked words mean · `w` what is missing · `c` check now · `s` do it for me · `k` skip · \
    `l` list · `b` read back · `r` begin a step again · `p` play the others · `a` answer · `q` quit";

/// Follow a track, in a terminal beside your own shell
#[derive(Debug, Default, Args)]
pub(super) struct LearnArgs {
    /// The track [default: choose from a list]
    track: Option<String>,
    /// Let the tool play other tracks where a step needs them (`others` for all)
    #[arg(long, value_name = "TRACK")]
    play: Vec<String>,
}

pub(super) async fn run(global: &Global, args: LearnArgs) -> Result<u8, Failure> {
    let Some(track) = (match args.track {
        Some(track) => Some(track),
        None => tracks::choose(global)?,
    }) else {
        return Ok(0);
    };
    let (folder, spec) = global.running_lab()?;
    let session = session::open(global, &folder, &spec)?;
    let before = session.progress(&track)?;
    if global.ui.mode() == Mode::Human {
        welcome(global, &session, &track, &before);
    }
    // Reading keys puts the terminal into another mode; when this ends it is the person's again.
    let _terminal = global.ui.is_interactive().then(Terminal::keep);
    let options = LearnOptions { play: args.play };
    let outcome = loop {
        match learn(global, &session, &track, &options).await? {
            LearnOutcome::Reset { step } => {
                if !go_back(global, &session, &track, &step).await? {
                    break LearnOutcome::Left { step };
                }
            }
            outcome => break outcome,
        }
    };
    match (&outcome, global.ui.mode()) {
        (LearnOutcome::Reset { .. }, _) => (),
        (LearnOutcome::Finished, Mode::Human) => farewell(global, &session, &track)?,
        (LearnOutcome::Left { step }, Mode::Human) => {
            global.ui.talk("");
            global.ui.explain(&format!("Left at {step}. `atelier learn {track}` goes on from here."));
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

/// Learns until somebody wants something else than to go on.
async fn learn(
    global: &Global,
    session: &Session,
    track: &str,
    options: &LearnOptions,
) -> Result<LearnOutcome, Failure> {
    let (sender, control) = mpsc::channel(8);
    // Without a terminal nobody presses keys; the channel must stay open all the same.
    let _open = sender.clone();
    if global.ui.is_interactive() {
        // Not one of the runtime's threads: nothing can end the reading of a key.
        let ui = global.ui.clone();
        std::thread::spawn(move || read_keys(&ui, &sender));
    }
    tokio::select! {
        outcome = session.learn(track, control, options) => Ok(outcome?),
        _ = tokio::signal::ctrl_c() => Ok(LearnOutcome::Left { step: next_step(session, track) }),
    }
}

/// Asks which step is to begin again, and goes back there. False when the person leaves instead.
async fn go_back(global: &Global, session: &Session, track: &str, step: &str) -> Result<bool, Failure> {
    let id = step.rsplit('.').next().unwrap_or(step);
    global.ui.talk(&format!("\nWhich step is to begin again? Its name, or Enter for {id}:"));
    let Ok(answer) = Term::stderr().read_line() else { return Ok(false) };
    let chosen = answer.trim().rsplit('.').next().unwrap_or_default();
    let chosen = if chosen.is_empty() { id } else { chosen };
    // What keeps somebody from going back does not keep him from going on.
    if let Err(failure) = reset::go(global, session, track, chosen, false).await {
        global.ui.failure(&failure);
    }
    Ok(true)
}

fn welcome(global: &Global, session: &Session, track: &str, before: &[Progress]) {
    let title = session.workshop.tracks.get(track).map_or(track, |track| track.title.value.as_str());
    let done = before.iter().filter(|step| is_behind(step)).count();
    let left = before.iter().filter(|step| !is_behind(step)).filter_map(|step| step.estimated).sum();
    if done == before.len() {
        return;
    }
    let actor = session.workshop.actor_of(track).map_or(track, |actor| actor.name.as_str());
    let state = match done {
        0 => format!("{} steps, about {}", before.len(), minutes(left)),
        _ => format!("{done} of {} steps done, about {} to go", before.len(), minutes(left)),
    };
    let mut text =
        format!("**{title}**: {state}\n\nWork in a second terminal, and keep this one in sight:\n\n");
    let _ = writeln!(text, "    eval \"$(atelier env {actor})\" && cd \"$ATELIER_WORK\"");
    if global.ui.is_interactive() {
        let _ = write!(text, "\n{KEYS}");
    }
    global.ui.explain(&text);
}

/// What there is to say at the end of a track, and what one can do next.
fn farewell(global: &Global, session: &Session, track: &str) -> Result<(), Failure> {
    let workshop = &session.workshop;
    let title = workshop.tracks.get(track).map_or(track, |track| track.title.value.as_str());
    let steps = session.progress(track)?;
    let skipped: Vec<_> = steps.iter().filter(|step| step.state == State::Skipped).collect();
    let done = steps.len() - skipped.len();
    let mut text = format!("**That was the whole track: {title}.** {done} of {} steps done.", steps.len());
    if !skipped.is_empty() {
        let names: Vec<_> = skipped.iter().map(|step| step.step.as_str()).collect();
        let _ = write!(text, " Left out: {}.", names.join(", "));
    }
    text.push_str("\n\n");
    for app in &workshop.apps {
        let _ = writeln!(text, "- `atelier open app` shows `{}` as it is now", app.name);
    }
    for other in workshop.tracks.keys().filter(|other| *other != track) {
        let title = &workshop.tracks[other].title.value;
        let open = session.progress(other)?.iter().any(|step| !is_behind(step));
        if open {
            let _ = writeln!(text, "- `atelier learn {other}` goes on with another track: {title}");
        }
    }
    text.push_str("- `atelier down` removes the lab, with everything in it\n");
    global.ui.talk("");
    global.ui.explain(&text);
    Ok(())
}

fn is_behind(step: &Progress) -> bool {
    matches!(step.state, State::Complete | State::Skipped)
}

fn next_step(session: &Session, track: &str) -> String {
    let progress = session.progress(track).unwrap_or_default();
    let open = progress.into_iter().find(|step| matches!(step.state, State::Pending | State::Begun));
    open.map_or_else(|| track.to_owned(), |step| step.step)
}

/// Turns keys into commands until the run has ended.
fn read_keys(ui: &Ui, sender: &mpsc::Sender<Control>) {
    let terminal = Term::stderr();
    while let Ok(key) = terminal.read_key() {
        let control = match key {
            Key::Char('h') => Control::Hint,
            Key::Char('?') => Control::Words,
            Key::Char('w') => Control::Why,
            Key::Char('c') | Key::Enter => Control::Check,
            Key::Char('s') => Control::Solve,
            Key::Char('k') => Control::Skip,
            Key::Char('l') => Control::List,
            Key::Char('b') | Key::ArrowLeft => Control::Back,
            Key::Char('r') => Control::Reset,
            Key::Char('p') => Control::Play,
            Key::Char('o') => Control::Open,
            Key::Char('a') => {
                ui.talk("    your answer, then Enter:");
                let Ok(answer) = terminal.read_line() else { return };
                Control::Answer(answer)
            }
            Key::Char('q') | Key::CtrlC | Key::Escape => Control::Quit,
            _ => continue,
        };
        let last = matches!(control, Control::Quit | Control::Reset);
        // After the last key the terminal is left alone, for a question or for good.
        if sender.blocking_send(control).is_err() || last {
            return;
        }
    }
    let _ = sender.blocking_send(Control::Quit);
}
