//! The two streams and how they are written: for people, or as JSON.

use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use console::{Style, Term};
use serde::Serialize;

use super::human::{self, Said};
use super::markdown::Page;
use crate::error::Failure;
use crate::events::{Event, Events};

/// How wide lines are where no terminal says it, and the widest that is good to read.
const WIDTH: u16 = 96;
/// The narrowest that lines are made for.
const NARROWEST: u16 = 40;

/// For whom the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// People.
    Human,
    /// Programs: one JSON document, or one event a line.
    Json,
}

/// The user interface. Cheap to clone.
#[derive(Clone)]
pub struct Ui {
    mode: Mode,
    colours: bool,
    // One writer at a time, so that lines of concurrent stages do not mix.
    door: Arc<Mutex<Door>>,
    said: Arc<Mutex<Said>>,
}

/// What went through it.
#[derive(Default)]
struct Door {
    /// Why data did not reach standard output.
    broken: Option<std::io::Error>,
}

impl Ui {
    /// Colours are used when `plain` is not asked for, standard error is a terminal and `NO_COLOR` does not forbid.
    pub fn new(mode: Mode, plain: bool) -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colours = mode == Mode::Human && !plain && !forbidden && std::io::stderr().is_terminal();
        Self { mode, colours, door: Arc::default(), said: Arc::default() }
    }

    /// For whom.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// A style that has colours only where they are wanted.
    pub(super) fn style(&self) -> Style {
        Style::new().for_stderr().force_styling(self.colours)
    }

    /// Whether a person sits before it and can press keys.
    pub fn is_interactive(&self) -> bool {
        self.mode == Mode::Human && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The page that is written on, as wide as the terminal is now.
    pub(super) fn page(&self) -> Page {
        let columns = Term::stderr().size_checked().map_or(WIDTH, |(_, columns)| columns);
        // The last column stays free: some terminals break a line that fills it.
        let width = usize::from(columns.saturating_sub(1).clamp(NARROWEST, WIDTH));
        Page { width, colours: self.colours }
    }

    /// Markdown as lines of data, each beginning with `margin`, without colours.
    pub fn paragraph(&self, text: &str, margin: &str) -> String {
        Page { colours: false, ..self.page() }.markdown(text, margin)
    }

    /// Writes Markdown as talk.
    pub fn explain(&self, text: &str) {
        self.talk(&self.page().markdown(text, ""));
    }

    /// Where events go.
    pub fn events(&self) -> Events {
        let ui = self.clone();
        Events::to(move |event| ui.show(&event))
    }

    fn show(&self, event: &Event) {
        match self.mode {
            Mode::Human => {
                let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
                let text = human::event(self, &mut said, event);
                if !text.is_empty() {
                    self.line(text.trim_end_matches([' ', '\t']));
                }
            }
            Mode::Json => self.document(event),
        }
    }

    /// Writes lines of talk to standard error. A reader that went away is nobody's failure.
    pub fn talk(&self, text: &str) {
        self.line(text.trim_end());
    }

    fn line(&self, text: &str) {
        let _door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Writes data to standard output.
    pub fn data(&self, text: &str) {
        let mut door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            door.broken.get_or_insert(error);
        }
    }

    /// Why data that was to be written is not there. A reader that went away is nobody's failure.
    pub fn lost(&self) -> Option<std::io::Error> {
        let broken = self.door.lock().unwrap_or_else(PoisonError::into_inner).broken.take();
        broken.filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe)
    }

    /// Writes a JSON document on a line of its own to standard output.
    pub fn document(&self, value: &impl Serialize) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.data(&(text + "\n"));
    }

    /// Shows a failure once: what, why, what to do.
    pub fn failure(&self, failure: &Failure) {
        let mut causes = Vec::new();
        let mut next = failure.source.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        if self.mode == Mode::Json {
            let error = serde_json::json!({"error": {"message": failure.source.to_string(), "causes": causes,
                "hints": failure.hints, "exit_code": failure.kind.exit_code()}});
            self.document(&error);
            return;
        }
        let mut lines = vec![format!("{}: {}", self.style().red().bold().apply_to("error"), failure.source)];
        lines.extend(causes.iter().map(|cause| format!("  caused by: {cause}")));
        lines.extend(
            failure.hints.iter().map(|hint| format!("{}: {hint}", self.style().cyan().apply_to("hint"))),
        );
        self.talk(&lines.join("\n"));
    }
}
