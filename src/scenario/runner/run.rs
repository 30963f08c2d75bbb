//! What learning and rehearsing have in common: journals, facts, and doing a step's actions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::chain::{Chain, Failure};
use crate::events::Event;
use crate::scenario::actions::Action;
use crate::scenario::completions;
use crate::scenario::context::{Answers, Context};
use crate::scenario::error::{ActionError, Error};
use crate::scenario::journal::{Journal, Past, Record, read};
use crate::scenario::model::{Placed, Step, Text};
use crate::scenario::session::Session;
use crate::scenario::snapshot::Snapshot;

/// The longest output of an action that is told, in lines; the end counts.
const OUTPUT_LINES: usize = 60;

/// One run through a workshop.
pub(crate) struct Run<'a> {
    pub(crate) session: &'a Session,
    journals: BTreeMap<String, Journal>,
    /// By track, then by step.
    facts: BTreeMap<String, Map<String, Value>>,
    /// Steps of this run with checks that must go on holding.
    held: Vec<Open<'a>>,
}

/// One step of a run.
#[derive(Clone)]
pub(crate) struct Open<'a> {
    pub(crate) track: String,
    pub(crate) step: &'a Placed<Step>,
    /// `<track>.<step>`.
    pub(crate) name: String,
    /// The hash of its source and values.
    pub(crate) hash: String,
}

impl<'a> Run<'a> {
    /// A run that knows the facts of all tracks, whoever made them.
    pub(crate) async fn new(session: &'a Session) -> Result<Self, Error> {
        let shared = completions::all(session).await;
        let mut facts = BTreeMap::new();
        for (track, scenario) in &session.workshop.scenarios {
            let history = read(&session.journal_folder, track)?;
            let known = scenario.steps.iter().filter_map(|step| {
                let (_, facts) = history.step(&step.id.value)?.complete.clone()?;
                Some((step.id.value.clone(), Value::Object(facts)))
            });
            let mut known: Map<_, _> = known.collect();
            for (step, shared) in shared.get(track).into_iter().flatten() {
                known.entry(step.clone()).or_insert_with(|| shared.clone());
            }
            facts.insert(track.clone(), known);
        }
        Ok(Self { session, journals: BTreeMap::new(), facts, held: Vec::new() })
    }

    /// Takes the journal of a track.
    pub(crate) fn hold(&mut self, track: &str) -> Result<(), Error> {
        if !self.journals.contains_key(track) {
            let journal = Journal::open(&self.session.journal_folder, track)?;
            self.journals.insert(track.to_owned(), journal);
        }
        Ok(())
    }

    /// One step of a track.
    pub(crate) fn open(&self, track: &str, index: usize) -> Result<Open<'a>, Error> {
        let scenario = self.session.scenario(track)?;
        let step = &scenario.steps[index];
        let mut hash = Sha256::new();
        hash.update(scenario.source_of(index));
        hash.update(Value::Object(self.session.workshop.vars_of(track)).to_string());
        hash.update(&self.session.actor_of(track, track)?.actor.name);
        let hash = hash.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Open { track: track.to_owned(), step, name: format!("{track}.{}", step.id.value), hash })
    }

    /// What the journal knows of a step.
    pub(crate) fn past(&self, open: &Open<'_>) -> Option<&Past> {
        self.journals.get(&open.track)?.history.step(&open.step.id.value)
    }

    /// Whether somebody has completed a step.
    pub(crate) fn is_known(&self, open: &Open<'_>) -> bool {
        self.facts.get(&open.track).is_some_and(|facts| facts.contains_key(&open.step.id.value))
    }

    /// What an action or a check of a track is given.
    pub(crate) fn context(&self, track: &str, name: &str) -> Result<Context<'a>, Error> {
        let mut facts = self.facts.get(track).cloned().unwrap_or_default();
        for (other, steps) in self.facts.iter().filter(|(other, steps)| *other != track && !steps.is_empty())
        {
            facts.insert(other.clone(), Value::Object(steps.clone()));
        }
        Ok(Context {
            session: self.session,
            actor: self.session.actor_of(track, name)?,
            step: name.to_owned(),
            scope: self.session.scope(track, facts),
            answers: None,
            since: self.since(track, name),
        })
    }

    /// The chain of a step's checks.
    pub(crate) fn chain(&self, open: &Open<'a>, answers: Option<Answers>) -> Result<Chain<'a>, Error> {
        let patient = answers.is_some();
        let context = Context { answers, ..self.context(&open.track, &open.name)? };
        let checks = open.step.verify.iter().map(|check| &check.value).collect();
        Ok(Chain::new(context, &open.step.id.value, checks, patient))
    }

    /// Renders a text of a step.
    pub(crate) fn text(&self, open: &Open<'_>, text: &Text) -> Result<String, Error> {
        let context = self.context(&open.track, &open.name)?;
        context
            .text(text)
            .map_err(|error| Error::Template { step: open.name.clone(), message: error.to_string() })
    }

    /// Tells that a step begins.
    pub(crate) fn announce(&self, open: &Open<'_>, played_as: Option<String>) -> Result<(), Error> {
        let title = self.text(open, &open.step.title)?;
        let explain = self.text(open, &open.step.explain)?;
        let steps = &self.session.scenario(&open.track)?.steps;
        let place = steps.iter().position(|step| step.id.value == open.step.id.value).unwrap_or_default();
        let estimated = |step: &Step| step.estimated.as_ref().map(|length| length.value.0);
        self.session.events.send(Event::StepStarted {
            step: open.name.clone(),
            title,
            explain,
            played_as,
            number: place + 1,
            of: steps.len(),
            estimated: estimated(open.step),
            left: steps[place..].iter().filter_map(|step| estimated(step)).sum(),
        });
        Ok(())
    }

    /// Writes down that a step begins, and what it may change as it is now.
    pub(crate) async fn begin(&mut self, open: &Open<'_>) -> Result<(), Error> {
        let known = self.past(open).is_some_and(|past| past.began.is_some());
        let before = if known {
            Box::default()
        } else {
            let context = self.context(&open.track, &open.name)?;
            Box::new(Snapshot::take(&context, &open.step.actions).await)
        };
        let step = open.step.id.value.clone();
        self.write(&open.track, Record::Began { step, hash: open.hash.clone(), before })
    }

    /// When a step began.
    fn since(&self, track: &str, name: &str) -> Option<jiff::Timestamp> {
        let id = name.split_once('.')?.1;
        self.journals.get(track)?.history.step(id)?.began
    }

    /// Does a step's actions. What must not be repeated and was begun before is left alone.
    pub(crate) async fn act(&mut self, open: &Open<'_>) -> Result<(), Error> {
        let context = self.context(&open.track, &open.name)?;
        let begun = self.past(open).map(|past| past.intents.clone()).unwrap_or_default();
        for (index, action) in open.step.actions.iter().enumerate() {
            if action.once() && begun.contains(&index) {
                continue;
            }
            self.action(&open.track, &context, &open.step.id.value, index, action).await?;
        }
        Ok(())
    }

    /// Does one action; the intent is in the journal before, the result after.
    pub(crate) async fn action(
        &mut self,
        track: &str,
        context: &Context<'_>,
        id: &str,
        index: usize,
        action: &Action,
    ) -> Result<(), Error> {
        let events = &self.session.events;
        let step = context.step.clone();
        let template = |error: crate::scenario::render::RenderError| Error::Template {
            step: context.step.clone(),
            message: error.to_string(),
        };
        let Some(shown) = action.shown(context).map_err(template)? else { return Ok(()) };
        let shown = context.masked(&shown);
        let actor =
            action.actor().map_or_else(|| context.actor.actor.name.clone(), |actor| actor.value.clone());
        events.send(Event::ActionStarted { step: step.clone(), actor, shown: shown.clone() });
        self.write(track, Record::Intent { step: id.to_owned(), action: index, shown: shown.clone() })?;
        let start = Instant::now();
        match action.perform(context).await {
            Ok(done) => {
                if !done.difference.is_empty() {
                    let difference = done.difference.clone();
                    events.send(Event::ActionChanged { step: step.clone(), difference });
                }
                if !done.output.is_empty() {
                    events.send(Event::ActionOutput { step: step.clone(), text: end_of(&done.output) });
                }
                let (took, unchanged) = (start.elapsed(), done.unchanged);
                events.send(Event::ActionFinished { step, shown, unchanged, took });
                let milliseconds = milliseconds(took);
                self.write(
                    track,
                    Record::Done { step: id.to_owned(), action: index, unchanged, milliseconds },
                )
            }
            Err(source) => {
                let reason = context.masked(&source.to_string());
                self.write(track, Record::Failed { step: id.to_owned(), action: index, reason })?;
                Err(failed(step, shown, source))
            }
        }
    }

    /// Does what undoes a track. Nothing that the journal knew before counts any more.
    pub(crate) async fn clean_up(&mut self, track: &str) -> Result<(), Error> {
        let scenario = self.session.scenario(track)?;
        let context = self.context(track, &format!("{track}.cleanup"))?;
        for (index, action) in scenario.cleanup.iter().enumerate() {
            self.action(track, &context, "cleanup", index, action).await?;
        }
        let left = self.give_tags_back(track, &context).await;
        if !left.is_empty() {
            return Err(Error::Left { left });
        }
        self.facts.insert(track.to_owned(), Map::new());
        let steps: Vec<_> = scenario.steps.iter().map(|step| step.id.value.clone()).collect();
        completions::forget(self.session, track, &steps).await;
        self.write(track, Record::Cleaned)
    }

    /// Gives tags of the registry back to what they named before the track began: no action can take them away.
    async fn give_tags_back(&self, track: &str, context: &Context<'_>) -> Vec<String> {
        let mut before = Snapshot::default();
        let steps = self.session.workshop.scenarios.get(track).into_iter().flat_map(|all| &all.steps);
        let known = |step| self.journals.get(track)?.history.step(step);
        for (name, tag, digest) in
            steps.filter_map(|step| known(&step.id.value)).flat_map(|past| &past.before.tags)
        {
            if before.tags.iter().all(|(other, own, _)| (other, own) != (name, tag)) {
                before.tags.push((name.clone(), tag.clone(), digest.clone()));
            }
        }
        super::restore::tags(context, &before).await
    }

    /// Keeps the facts of a step that is complete.
    pub(crate) async fn complete(
        &mut self,
        open: &Open<'_>,
        facts: Map<String, Value>,
        took: Duration,
        resumed: bool,
    ) -> Result<(), Error> {
        let step = open.step.id.value.clone();
        self.remember(open, facts.clone());
        completions::share(self.session, &open.track, &step, &facts).await;
        let record =
            Record::Complete { step, hash: open.hash.clone(), facts, milliseconds: milliseconds(took) };
        self.write(&open.track, record)?;
        self.session.events.send(Event::StepFinished { step: open.name.clone(), resumed, took });
        Ok(())
    }

    /// Forgets that a step was complete.
    pub(crate) fn forget(&mut self, track: &str, step: &str) {
        if let Some(steps) = self.facts.get_mut(track) {
            steps.remove(step);
        }
    }

    /// Knows the facts of a step that somebody else has completed.
    pub(crate) fn remember(&mut self, open: &Open<'_>, facts: Map<String, Value>) {
        let steps = self.facts.entry(open.track.clone()).or_default();
        steps.insert(open.step.id.value.clone(), Value::Object(facts));
    }

    /// Whether a step is complete from before: by the journal when its source is the same, else by looking.
    pub(crate) async fn resume(&mut self, open: &Open<'a>) -> Result<bool, Error> {
        let Some(past) = self.past(open) else { return Ok(false) };
        if let Some((hash, facts)) = past.complete.clone()
            && hash == open.hash
        {
            self.remember(open, facts);
            let (step, took) = (open.name.clone(), Duration::ZERO);
            self.session.events.send(Event::StepFinished { step, resumed: true, took });
            return Ok(true);
        }
        if open.step.verify.is_empty() {
            return Ok(false);
        }
        match self.chain(open, None)?.once().await {
            Ok(facts) => self.complete(open, facts, Duration::ZERO, true).await.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Looks at what must still hold from steps before, and remembers what this step adds to that.
    pub(crate) async fn check_held(&mut self, open: &Open<'a>) -> Result<(), Error> {
        for before in &self.held {
            let known = self.facts.get(&before.track).and_then(|steps| steps.get(&before.step.id.value));
            let known = known.and_then(Value::as_object).cloned().unwrap_or_default();
            let looked = self.chain(before, None)?.still_holds(&known).await;
            looked.map_err(|failure| not_done(&before.name, failure))?;
        }
        if open.step.verify.iter().any(|check| check.clauses().hold) {
            self.held.push(open.clone());
        }
        Ok(())
    }

    /// Writes into the journal of a track that is held.
    pub(crate) fn write(&mut self, track: &str, record: Record) -> Result<(), Error> {
        self.hold(track)?;
        self.journals.get_mut(track).map_or(Ok(()), |journal| journal.write(record))
    }
}

/// A failed check as the end of a run.
pub(crate) fn not_done(step: &str, failure: Failure) -> Error {
    let Failure { check, expects, observed, waited } = failure;
    Error::Check { step: step.to_owned(), check, expects, observed, waited }
}

fn failed(step: String, shown: String, source: ActionError) -> Error {
    Error::Action { step, shown, source: Box::new(source) }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

fn end_of(output: &str) -> String {
    let lines: Vec<_> = output.lines().collect();
    lines[lines.len().saturating_sub(OUTPUT_LINES)..].join("\n")
}
