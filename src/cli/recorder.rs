//! What a rehearsal leaves behind: a transcript of every step (JSON, and a recording for players of terminals) and a
//! report for programs that count tests.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Failure, Kind};
use crate::events::{Event, Events};
use crate::scenario::Workshop;

/// How wide a recording's terminal is.
const WIDTH: u16 = 100;
/// How high.
const HEIGHT: u16 = 30;

/// Everything that happened, and when.
#[derive(Clone)]
pub(super) struct Recorder {
    begin: Instant,
    seen: Arc<Mutex<Vec<(Duration, Event)>>>,
}

/// One step of it.
pub(super) struct Recorded {
    /// `<track>.<step>`.
    step: String,
    /// What happened, with the time since the step's beginning.
    events: Vec<(Duration, Event)>,
    took: Duration,
    /// Why it was left out.
    skipped: Option<String>,
    finished: bool,
}

impl Recorder {
    /// A recorder that begins now.
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), seen: Arc::default() }
    }

    /// Events that are recorded and passed on.
    pub(super) fn listen(&self, told: Events) -> Events {
        let this = self.clone();
        Events::to(move |event| {
            let mut seen = this.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push((this.begin.elapsed(), event.clone()));
            drop(seen);
            told.send(event);
        })
    }

    /// The steps, in the order in which they began.
    fn steps(&self) -> Vec<Recorded> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut steps: Vec<Recorded> = Vec::new();
        let mut start = Duration::ZERO;
        for (time, event) in seen.iter() {
            let name = match event {
                Event::StepStarted { step, .. } | Event::StepSkipped { step, .. } => Some((step, true)),
                Event::StepFinished { step, .. } => Some((step, false)),
                _ => None,
            };
            if let Some((step, _)) = name
                && steps.last().is_none_or(|last| last.step != *step)
            {
                start = *time;
                steps.push(Recorded {
                    step: step.clone(),
                    events: Vec::new(),
                    took: Duration::ZERO,
                    skipped: None,
                    finished: false,
                });
            }
            let Some(last) = steps.last_mut() else { continue };
            last.took = time.saturating_sub(start);
            match event {
                Event::StepFinished { .. } => last.finished = true,
                Event::StepSkipped { reason, .. } => last.skipped = Some(reason.clone().unwrap_or_default()),
                _ => (),
            }
            last.events.push((time.saturating_sub(start), event.clone()));
        }
        steps
    }

    /// The report of the tests, `JUnit` XML. A step that began and did not come to its end has failed with `error`.
    pub(super) fn junit(&self, workshop: &Workshop, error: Option<&str>) -> String {
        let steps = self.steps();
        let failed = |step: &Recorded| !step.finished && step.skipped.is_none();
        let count = |fits: &dyn Fn(&Recorded) -> bool| steps.iter().filter(|step| fits(step)).count();
        let time = steps.iter().map(|step| step.took).sum::<Duration>().as_secs_f64();
        let failures = count(&failed).max(usize::from(error.is_some()));
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{}\" time=\"{time:.3}\">\n",
            escape(&workshop.id),
            steps.len(),
            count(&|step| step.skipped.is_some()),
        );
        for step in &steps {
            let (track, id) = step.step.split_once('.').unwrap_or(("", &step.step));
            let (file, line) = place(workshop, &step.step).unwrap_or_default();
            let _ = write!(
                text,
                "    <testcase classname=\"{}.{track}\" name=\"{id}\" file=\"{}\" line=\"{line}\" time=\"{:.3}\"",
                escape(&workshop.id),
                escape(&file),
                step.took.as_secs_f64()
            );
            let inner = match (&step.skipped, failed(step)) {
                (Some(reason), _) => format!("<skipped message=\"{}\"/>", escape(reason)),
                (None, true) => {
                    let error = error.unwrap_or("it did not come to its end");
                    let first = error.lines().next().unwrap_or_default();
                    format!("<failure message=\"{}\">{}</failure>", escape(first), escape(error))
                }
                (None, false) => String::new(),
            };
            let _ = match inner.as_str() {
                "" => writeln!(text, "/>"),
                inner => writeln!(text, ">{inner}</testcase>"),
            };
        }
        text.push_str("  </testsuite>\n</testsuites>\n");
        text
    }

    /// The step that did not come to its end: its name, and where it is written.
    pub(super) fn broken(&self, workshop: &Workshop) -> Option<(String, String, usize)> {
        let step = self.steps().into_iter().rev().find(|step| !step.finished && step.skipped.is_none())?;
        let (file, line) = place(workshop, &step.step)?;
        Some((step.step, file, line))
    }

    /// Writes a transcript of every step into a folder: `<track>.<step>.json` and `<track>.<step>.cast`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let failed = |error| Failure::new(Kind::Machine, format!("`{}`: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failed)?;
        for step in self.steps() {
            let events: Vec<_> = step
                .events
                .iter()
                .map(|(time, event)| {
                    let mut event = serde_json::to_value(event).unwrap_or_default();
                    event["at"] = json!(time.as_secs_f64());
                    event
                })
                .collect();
            let document = json!({"step": step.step, "took": step.took.as_secs_f64(), "events": events});
            let text = serde_json::to_string_pretty(&document).unwrap_or_default();
            std::fs::write(folder.join(format!("{}.json", step.step)), text + "\n").map_err(failed)?;
            std::fs::write(folder.join(format!("{}.cast", step.step)), cast(&step)).map_err(failed)?;
        }
        Ok(())
    }
}

/// Where a step is written.
fn place(workshop: &Workshop, name: &str) -> Option<(String, usize)> {
    let (track, id) = name.split_once('.')?;
    let scenario = workshop.scenarios.get(track)?;
    Some((scenario.file.clone(), scenario.step(id)?.at.line))
}

/// A recording of a step. <https://docs.asciinema.org/manual/asciicast/v2/>
fn cast(step: &Recorded) -> String {
    let head = json!({"version": 2, "width": WIDTH, "height": HEIGHT, "title": step.step});
    let mut text = format!("{head}\n");
    for (time, event) in &step.events {
        let shown = match event {
            Event::StepStarted { step, title, .. } => format!("# {step} · {title}"),
            Event::ActionStarted { actor, shown, .. } => format!("{actor} $ {shown}"),
            Event::ActionOutput { text, .. } => text.clone(),
            Event::ActionChanged { difference, .. } => difference.clone(),
            Event::CheckPassed { check, expects, .. } => format!("✓ {check}: {expects}"),
            Event::CheckFailed { check, observed, .. } => format!("✗ {check}: {observed}"),
            _ => continue,
        };
        let shown = shown.lines().flat_map(|line| [line, "\r\n"]).collect::<String>();
        let line: Value = json!([time.as_secs_f64(), "o", shown]);
        let _ = writeln!(text, "{line}");
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write these.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => (),
            other => escaped.push(other),
        }
    }
    escaped
}
