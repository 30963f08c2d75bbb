//! What a learner looks at beside the open step: the list of the track, steps before it, and what words mean. Nothing is changed by it.

use super::order::find;
use super::run::{Open, Run};
use crate::events::{Event, Meaning};
use crate::scenario::error::Error;
use crate::scenario::session::State;

/// Which step is looked at; the open one at first.
pub(super) struct View {
    track: String,
    step: String,
}

impl View {
    /// The open step.
    pub(super) fn new(open: &Open<'_>) -> Self {
        Self { track: open.track.clone(), step: open.name.clone() }
    }
}

impl Run<'_> {
    /// Tells the steps of a track and how far they are.
    pub(super) fn tell_list(&self, track: &str) -> Result<(), Error> {
        for step in self.session.progress(track)? {
            let mark = match step.state {
                State::Complete => "✓",
                State::Skipped => "-",
                State::Begun => "…",
                State::Pending => "·",
            };
            self.session.events.note(format!("    {mark} {}: {}", step.step, step.title));
        }
        Ok(())
    }

    /// Tells what the words mean that a step's text marks.
    pub(super) fn tell_words(&self, open: &Open<'_>) {
        let words = self.session.workshop.words_of(open.step);
        if words.is_empty() {
            let text = "    this text marks no word; `atelier glossary` explains all words of the workshop";
            return self.session.events.note(text);
        }
        let words = words.into_iter().map(|word| Meaning { term: word.term, text: word.text }).collect();
        self.session.events.send(Event::Words { step: open.name.clone(), words });
    }

    /// Shows the step before the one that is looked at.
    pub(super) fn tell_back(&self, view: &mut View) -> Result<(), Error> {
        let before = find(&self.session.workshop, &view.step).and_then(|(_, index)| index.checked_sub(1));
        let Some(before) = before else {
            self.session.events.note("    this was the first step");
            return Ok(());
        };
        let step = self.open(&view.track, before)?;
        view.step.clone_from(&step.name);
        let (title, explain) = (self.text(&step, &step.step.title)?, self.text(&step, &step.step.explain)?);
        self.session.events.send(Event::StepRecalled { step: step.name, title, explain });
        Ok(())
    }
}
