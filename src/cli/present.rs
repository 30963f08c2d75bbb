//! `atelier present`: a trainer goes through a track in front of people. Enter types the command as a person would,
//! Enter runs it; in between there is time to explain. Going back only moves the view.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use console::{Key, Term};
use serde_json::{Value, json};

use super::env::environment;
use super::global::Global;
use super::{edit, session};
use crate::error::{Failure, Kind};
use crate::events::{Event, Events};
use crate::lab::{ActorFolder, Changes, LabFolder, Spec, write_private};
use crate::process::Command;
use crate::scenario::{Scene, Session};
use crate::ui::minutes;

/// How long a letter takes, in milliseconds; people are not even.
const LETTERS: [u64; 7] = [34, 22, 51, 28, 40, 19, 63];
/// What the keys do.
const KEYS: &str = "Keys: `Enter` types, `Enter` runs · `e` edit first · `!` shell · `x` again · `n` on to the checks · \
    `b` back (view only) · `g` go to a step · `f` play the recording · `q` quit";

/// Go through a track in front of people
#[derive(Debug, Args)]
pub(super) struct PresentArgs {
    /// The tracks, one after the other
    #[arg(required_unless_present_any = ["all", "notes"])]
    tracks: Vec<String>,
    /// All tracks, one after the other
    #[arg(long, conflicts_with = "tracks")]
    all: bool,
    /// Be the second terminal: show the notes for the step that is presented
    #[arg(long)]
    notes: bool,
    /// Type at once
    #[arg(long)]
    instant: bool,
    /// Where the recordings of a rehearsal are, for when the network fails (`rehearse --transcript DIR`)
    #[arg(long, value_name = "DIR")]
    fallback: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, args: PresentArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    if args.notes {
        return notes(global, &folder).await;
    }
    if !global.ui.is_interactive() {
        return Err(Failure::new(Kind::Arguments, "presenting needs a terminal")
            .hint("`atelier rehearse` needs none"));
    }
    let mut session = session::open(global, &folder, &spec)?;
    // What was typed before people's eyes is not told a second time when it runs.
    let typed = Arc::new(AtomicBool::new(false));
    let (told, quiet) = (session.events.clone(), Arc::clone(&typed));
    session.events = Events::to(move |event| {
        let again = matches!(event, Event::ActionStarted { .. }) && quiet.load(Ordering::Relaxed);
        if !again {
            told.send(event);
        }
    });
    let all = || session.workshop.tracks.keys().cloned().collect();
    let tracks: Vec<String> = if args.all { all() } else { args.tracks.clone() };
    for track in &tracks {
        session.progress(track)?;
    }
    global.ui.explain(KEYS);
    let stage = Stage {
        global,
        session: &session,
        folder: &folder,
        spec: &spec,
        args: &args,
        begin: Instant::now(),
        typed,
    };
    for track in &tracks {
        let count = session.workshop.scenarios.get(track).map_or(0, |scenario| scenario.steps.len());
        let mut index = 0;
        while index < count {
            match stage.step(track, index).await? {
                Next::Step => index += 1,
                Next::Go(place) => index = place.min(count.saturating_sub(1)),
                Next::Quit => return Ok(0),
            }
        }
    }
    global.ui.explain("That was all.");
    Ok(0)
}

/// Where it goes on.
enum Next {
    Step,
    Go(usize),
    Quit,
}

/// What a trainer wants.
enum Wish {
    Go,
    Edit,
    Checks,
    Recording,
    Again,
    Elsewhere(Next),
}

/// A trainer in front of people.
struct Stage<'a> {
    global: &'a Global,
    session: &'a Session,
    folder: &'a LabFolder,
    spec: &'a Spec,
    args: &'a PresentArgs,
    begin: Instant,
    typed: Arc<AtomicBool>,
}

impl Stage<'_> {
    async fn step(&self, track: &str, index: usize) -> Result<Next, Failure> {
        tokio::select! {
            done = self.session.prepare(track, index) => done?,
            _ = tokio::signal::ctrl_c() => return Ok(Next::Quit),
        }
        let scene = self.session.scene(track, index).await?;
        self.show(track, index, &scene)?;
        if scene.behind {
            self.global.ui.talk("    (it was done before; Enter goes on)");
        }
        for (number, (actor, line)) in scene.lines.iter().enumerate().filter(|_| !scene.behind) {
            if line.is_empty() {
                continue;
            }
            match self.wish_or_again(track, index, &scene, number).await? {
                Wish::Elsewhere(next) => return Ok(next),
                Wish::Checks => break,
                Wish::Again | Wish::Recording => self.recording(&scene.step),
                wish @ (Wish::Go | Wish::Edit) => {
                    let edited = matches!(wish, Wish::Edit);
                    match self.line(track, (index, number), actor, line, edited).await? {
                        None => (),
                        Some(next) => return Ok(next),
                    }
                }
            }
        }
        if !scene.behind {
            let checked = tokio::select! {
                checked = self.session.verify(track, index) => checked,
                _ = tokio::signal::ctrl_c() => return Ok(Next::Quit),
            };
            if let Err(error) = checked {
                self.global.ui.failure(&Failure::from(error));
            }
        }
        match self.wish_or_again(track, index, &scene, scene.lines.len()).await? {
            Wish::Elsewhere(next) => Ok(next),
            _ => Ok(Next::Step),
        }
    }

    /// What a trainer wants once enough of it was done again: the line before `number` runs as often as is asked for.
    async fn wish_or_again(
        &self,
        track: &str,
        index: usize,
        scene: &Scene,
        number: usize,
    ) -> Result<Wish, Failure> {
        loop {
            let wish = self.wish(track, index).await?;
            if !matches!(wish, Wish::Again) {
                return Ok(wish);
            }
            let ran = scene.lines.iter().take(number).rposition(|(_, line)| !line.is_empty());
            let Some(ran) = ran.filter(|_| !scene.behind) else {
                self.global.ui.talk("    (nothing of this step has run that could run again)");
                continue;
            };
            let ran = [ran];
            tokio::select! {
                done = self.session.perform(track, index, &ran) => {
                    if let Err(error) = done {
                        self.global.ui.failure(&Failure::from(error));
                    }
                }
                _ = tokio::signal::ctrl_c() => self.global.ui.talk("    (broken off; Enter goes on)"),
            }
        }
    }

    /// Types a line, waits, and runs it; before it runs it may be changed, as often as is wanted.
    async fn line(
        &self,
        track: &str,
        (index, number): (usize, usize),
        actor: &str,
        line: &str,
        edit: bool,
    ) -> Result<Option<Next>, Failure> {
        let mut edited = None;
        if let Some(said) = line.strip_prefix("# ") {
            self.global.ui.talk(&format!("    {said}"));
        } else if edit {
            edited = change(actor, line).await?;
        } else {
            self.write(actor, line).await;
        }
        loop {
            match self.wish(track, index).await? {
                Wish::Elsewhere(next) => return Ok(Some(next)),
                Wish::Checks => return Ok(None),
                Wish::Recording => {
                    self.recording(&self.session.scene(track, index).await?.step);
                    return Ok(None);
                }
                Wish::Again => self.global.ui.talk("    (Enter runs it; it can run again afterwards)"),
                Wish::Edit if line.starts_with("# ") => {
                    self.global.ui.talk("    (this is no command: it cannot be changed)");
                }
                Wish::Edit => {
                    let before = edited.as_deref().unwrap_or(line);
                    edited = change(actor, before).await?.or(edited);
                }
                Wish::Go => break,
            }
        }
        self.typed.store(true, Ordering::Relaxed);
        let done = async {
            match &edited {
                Some(line) if !line.trim().is_empty() => self.session.type_line(track, actor, line).await,
                _ => self.session.perform(track, index, &[number]).await,
            }
        };
        let done = tokio::select! {
            done = done => Some(done),
            _ = tokio::signal::ctrl_c() => None,
        };
        self.typed.store(false, Ordering::Relaxed);
        match done {
            Some(Ok(())) => (),
            Some(Err(error)) => {
                self.global.ui.failure(&Failure::from(error));
                self.global.ui.talk("    (`f` plays the recording, Enter goes on)");
            }
            None => self.global.ui.talk("    (broken off; Enter goes on)"),
        }
        Ok(None)
    }

    /// The head and the text of a step; the second terminal gets the notes.
    fn show(&self, track: &str, index: usize, scene: &Scene) -> Result<(), Failure> {
        let steps = self.session.progress(track)?;
        let planned: Duration = steps.iter().take(index).filter_map(|step| step.estimated).sum();
        let clock =
            format!("{} since the beginning, {} planned", minutes(self.begin.elapsed()), minutes(planned));
        self.global.ui.talk("");
        self.global.ui.explain(&format!("**{} · {}**\n\n{}", scene.step, scene.title, scene.explain));
        let document = json!({"step": scene.step, "title": scene.title, "notes": scene.notes, "clock": clock,
            "place": format!("{} of {}", index + 1, steps.len())});
        write_private(&notes_file(self.folder), document.to_string().as_bytes())?;
        Ok(())
    }

    /// Asks for a key until it says how to go on.
    async fn wish(&self, track: &str, index: usize) -> Result<Wish, Failure> {
        let mut view = index;
        loop {
            match key().await? {
                Key::Enter | Key::Char(' ') => return Ok(Wish::Go),
                Key::Char('e') => return Ok(Wish::Edit),
                Key::Char('x') => return Ok(Wish::Again),
                Key::Char('n') => return Ok(Wish::Checks),
                Key::Char('f') => return Ok(Wish::Recording),
                Key::Char('q') | Key::CtrlC | Key::Escape => return Ok(Wish::Elsewhere(Next::Quit)),
                Key::Char('!') => self.shell(track).await?,
                Key::Char('b') if view > 0 => {
                    view -= 1;
                    let scene = self.session.scene(track, view).await?;
                    self.global.ui.explain(&format!(
                        "**{} · {}** (only shown)\n\n{}",
                        scene.step, scene.title, scene.explain
                    ));
                }
                Key::Char('g') => {
                    let name = ask("    go to step: ").await?;
                    let name = name.trim().rsplit('.').next().unwrap_or_default().to_owned();
                    let steps = self.session.progress(track)?;
                    let place = steps.iter().position(|step| step.step == format!("{track}.{name}"));
                    if let Some(place) = place.or_else(|| name.parse::<usize>().ok()?.checked_sub(1)) {
                        return Ok(Wish::Elsewhere(Next::Go(place)));
                    }
                    let names: Vec<_> = steps.iter().map(|step| step.step.as_str()).collect();
                    let names = names.join(", ");
                    self.global.ui.talk(&format!("    there is no step `{name}`; there are {names}"));
                }
                _ => (),
            }
        }
    }

    /// Writes a line letter by letter.
    async fn write(&self, actor: &str, line: &str) {
        let mut out = std::io::stderr();
        let _ = write!(out, "    {actor} $ ");
        for (index, letter) in line.chars().enumerate() {
            let _ =
                write!(out, "{}", if letter == '\n' { "\n      ".to_owned() } else { letter.to_string() });
            let _ = out.flush();
            if !self.args.instant {
                tokio::time::sleep(Duration::from_millis(LETTERS[index % LETTERS.len()])).await;
            }
        }
        let _ = writeln!(out);
    }

    /// A shell of the track's actor, in between.
    async fn shell(&self, track: &str) -> Result<(), Failure> {
        let Some(actor) = self.session.workshop.actor_of(track) else { return Ok(()) };
        let variables = environment(self.folder, self.spec, &actor.name)?;
        let work = ActorFolder::new(self.folder, self.spec.actor(&actor.name)?).work();
        let program =
            std::env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "sh".to_owned());
        self.global.ui.talk("    (`exit` comes back)");
        let command = variables
            .into_iter()
            .fold(Command::new(program), |command, (name, value)| command.env(name, value));
        command.folder(work).interact().await?;
        Ok(())
    }

    /// What a rehearsal has recorded, marked as a recording.
    fn recording(&self, step: &str) {
        let text = self.args.fallback.as_ref().map(|folder| folder.join(format!("{step}.cast")));
        let text = text.and_then(|path| std::fs::read_to_string(path).ok());
        let Some(text) = text else {
            self.global
                .ui
                .talk("    (there is no recording of this step; `rehearse --transcript DIR` makes one)");
            return;
        };
        self.global.ui.talk("    (recording)");
        for line in text.lines().skip(1) {
            let entry: Value = serde_json::from_str(line).unwrap_or_default();
            let shown = entry[2].as_str().unwrap_or_default().replace("\r\n", "\n");
            for line in shown.lines() {
                self.global.ui.talk(&format!("    ▷ {line}"));
            }
        }
    }
}

/// Waits for a key; the terminal is in its ordinary mode in between.
async fn key() -> Result<Key, Failure> {
    let read = tokio::task::spawn_blocking(|| Term::stderr().read_key_raw()).await;
    let read = read.map_err(|error| Failure::new(Kind::Bug, error))?;
    Ok(read.unwrap_or(Key::Escape))
}

/// Lets the trainer change a line; nothing when it is left as it was.
async fn change(actor: &str, line: &str) -> Result<Option<String>, Failure> {
    let (prompt, line) = (format!("    {actor} $ "), line.to_owned());
    let changed = tokio::task::spawn_blocking(move || edit::edit(&prompt, &line)).await;
    let changed = changed.map_err(|error| Failure::new(Kind::Bug, error))?;
    changed.map_err(|error| Failure::new(Kind::Machine, error))
}

async fn ask(question: &'static str) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(move || {
        let mut terminal = Term::stderr();
        let _ = write!(terminal, "{question}");
        terminal.read_line()
    });
    let read = read.await.map_err(|error| Failure::new(Kind::Bug, error))?;
    read.map_err(|error| Failure::new(Kind::Machine, error))
}

fn notes_file(folder: &LabFolder) -> PathBuf {
    folder.journal().join("present.json")
}

/// The second terminal: the notes of the step that the first one shows.
async fn notes(global: &Global, folder: &LabFolder) -> Result<u8, Failure> {
    let file = notes_file(folder);
    let mut changes = Changes::of(&file)?;
    let mut last = Vec::new();
    global.ui.talk("the notes of what is presented in another terminal; Ctrl-C ends it");
    loop {
        let now = std::fs::read(&file).unwrap_or_default();
        if now == last || now.is_empty() {
            tokio::select! {
                () = changes.next() => continue,
                _ = tokio::signal::ctrl_c() => return Ok(0),
            }
        }
        let read: Value = serde_json::from_slice(&now).unwrap_or_default();
        last = now;
        let text = |name: &str| read[name].as_str().unwrap_or_default().to_owned();
        let notes = read["notes"].as_str().unwrap_or("(no notes)");
        global.ui.talk("");
        global.ui.explain(&format!(
            "**{} · {}** (step {}; {})\n\n{notes}",
            text("step"),
            text("title"),
            text("place"),
            text("clock")
        ));
    }
}
