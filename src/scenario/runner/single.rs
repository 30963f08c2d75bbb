//! One thing at a time, for those who work without the interactive screen: the next step, a look, a hint, a solution,
//! a step left out. The journal carries everything from one command to the next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::BoxStream;
use serde_json::Map;

use super::chain::Failure;
use super::hints::choose;
use super::order::{find, order_until};
use super::run::{Open, Run};
use crate::events::Event;
use crate::scenario::completions;
use crate::scenario::error::Error;
use crate::scenario::journal::Record;
use crate::scenario::session::Session;

/// What a look at the open step comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Every step is complete, or left out.
    Finished,
    /// The step is complete; the next one is open.
    Complete {
        /// `<track>.<step>`.
        step: String,
    },
    /// The step is not complete.
    NotDone {
        /// `<track>.<step>`.
        step: String,
        /// The first check that does not hold.
        check: String,
        /// What should become true.
        expects: String,
        /// What was seen instead.
        observed: String,
    },
}

impl Session {
    /// The open step of a track, and the run that holds it; no step when all are behind.
    async fn at_work(&self, track: &str) -> Result<(Run<'_>, Option<Open<'_>>), Error> {
        let scenario = self.scenario(track)?;
        let mut run = Run::new(self).await?;
        run.hold(track)?;
        self.require(track).await?;
        for index in 0..scenario.steps.len() {
            let open = run.open(track, index)?;
            let past = run.past(&open).cloned().unwrap_or_default();
            let same = past.complete.as_ref().is_some_and(|(hash, _)| *hash == open.hash);
            if past.skipped || same {
                continue;
            }
            if past.complete.is_some() && run.resume(&open).await? {
                continue;
            }
            if let Some(reason) = run.lacking(&open).await? {
                run.skip(&open, Some(reason))?;
                continue;
            }
            return Ok((run, Some(open)));
        }
        Ok((run, None))
    }

    /// Looks at the open step once; what is complete is written down. An answer is taken for its question.
    pub async fn check(&self, track: &str, answer: Option<&str>) -> Result<Looked, Error> {
        let (mut run, Some(open)) = self.at_work(track).await? else { return Ok(Looked::Finished) };
        run.check_gate(&open).await?;
        run.begin(&open).await?;
        match run.look_once(&open, answer).await? {
            Ok(facts) => {
                let took = run.past(&open).and_then(|past| past.began).map(since).unwrap_or_default();
                run.complete(&open, facts, took, false).await?;
                Ok(Looked::Complete { step: open.name })
            }
            Err(Failure { check, expects, observed, .. }) => {
                Ok(Looked::NotDone { step: open.name, check, expects, observed })
            }
        }
    }

    /// Shows the open step; one that is complete by now is written down before. False when there is none.
    pub async fn show_next(&self, track: &str) -> Result<bool, Error> {
        loop {
            let (mut run, Some(open)) = self.at_work(track).await? else { return Ok(false) };
            if run.waits_for(&open).await?.is_empty() {
                let seen = run.past(&open).is_some();
                run.begin(&open).await?;
                // A step that was never shown is shown first, whatever is so already.
                if seen
                    && !open.step.verify.is_empty()
                    && let Ok(facts) = run.look_once(&open, None).await?
                {
                    let took = run.past(&open).and_then(|past| past.began).map(since).unwrap_or_default();
                    run.complete(&open, facts, took, false).await?;
                    continue;
                }
            }
            run.announce(&open, None)?;
            run.show_commands(&open).await?;
            run.tell_gate(&open)?;
            return Ok(true);
        }
    }

    /// Tells where the chain of the open step stands. False when there is none.
    pub async fn why(&self, track: &str) -> Result<bool, Error> {
        let (run, Some(open)) = self.at_work(track).await? else { return Ok(false) };
        if run.tell_gate(&open)? {
            return Ok(true);
        }
        let mut chain = run.chain(&open, Some(Arc::new(Mutex::new(None))))?;
        let _ = chain.once().await;
        run.tell_why(&open.name, &chain.standing);
        Ok(true)
    }

    /// Gives the next hint of the open step. False when there is none.
    pub async fn hint(&self, track: &str) -> Result<bool, Error> {
        let (mut run, Some(open)) = self.at_work(track).await? else { return Ok(false) };
        let mut chain = run.chain(&open, Some(Arc::new(Mutex::new(None))))?;
        let _ = chain.once().await;
        let seen = chain.standing.lock().map(|standing| standing.clone()).unwrap_or_default();
        let past = run.past(&open).cloned().unwrap_or_default();
        let elapsed = past.began.map(since).unwrap_or_default();
        let Some((hint, text)) = choose(&run, &open, &seen, &past.hinted, elapsed, false) else {
            return Ok(false);
        };
        run.begin(&open).await?;
        let step = open.step.id.value.clone();
        run.write(track, Record::Hinted { step, hint })?;
        self.events.send(Event::Hint { step: open.name, text });
        Ok(true)
    }

    /// Does everything that comes before a step, of its own track and of others, as far as it is not behind.
    pub async fn prepare(&self, track: &str, index: usize) -> Result<(), Error> {
        let mut run = Run::new(self).await?;
        let target = (track.to_owned(), index);
        for place in order_until(&self.workshop, &target).into_iter().filter(|place| *place != target) {
            let step = run.open(&place.0, place.1)?;
            if run.is_known(&step) {
                continue;
            }
            run.hold(&place.0)?;
            if run.past(&step).is_none_or(|past| !past.skipped) {
                run.solve_step(&step, place.0 == track).await?;
            }
        }
        Ok(())
    }

    /// Says that somebody has completed a step, or has gone back.
    pub fn completions(&self) -> BoxStream<'_, ()> {
        completions::changes(self)
    }

    /// Leaves the open step out; its name, when there is one.
    pub async fn skip(&self, track: &str) -> Result<Option<String>, Error> {
        let (mut run, Some(open)) = self.at_work(track).await? else { return Ok(None) };
        run.skip(&open, None)?;
        Ok(Some(open.name))
    }

    /// Does the open step, or all up to one that is named; steps of others that are needed are played, visibly.
    pub async fn solve(&self, track: &str, to: Option<&str>) -> Result<Vec<String>, Error> {
        let (mut run, open) = self.at_work(track).await?;
        let target = match to {
            Some(step) => {
                let name = format!("{track}.{step}");
                let known = || {
                    self.scenario(track)
                        .map(|scenario| scenario.steps.iter().map(|step| step.id.value.clone()).collect())
                };
                match find(&self.workshop, &name) {
                    Some(place) => place,
                    None => return Err(Error::UnknownStep { step: name, known: known()? }),
                }
            }
            None => match open.as_ref().and_then(|open| find(&self.workshop, &open.name)) {
                Some(place) => place,
                None => return Ok(Vec::new()),
            },
        };
        let mut solved = Vec::new();
        for (other, index) in order_until(&self.workshop, &target) {
            let step = run.open(&other, index)?;
            if run.is_known(&step) && other != track {
                continue;
            }
            run.hold(&other)?;
            if run.solve_step(&step, other == track).await? {
                solved.push(step.name);
            }
        }
        Ok(solved)
    }
}

impl<'a> Run<'a> {
    /// The steps of others that a step waits for.
    pub(crate) async fn waits_for(&mut self, open: &Open<'a>) -> Result<Vec<String>, Error> {
        let mut waits = Vec::new();
        for need in &open.step.needs {
            let Some(place) = find(&self.session.workshop, need) else { continue };
            let needed = self.open(&place.0, place.1)?;
            if self.is_known(&needed) {
                continue;
            }
            match self.look_once(&needed, None).await? {
                Ok(facts) if !needed.step.verify.is_empty() => self.remember(&needed, facts),
                _ => waits.push(need.value.clone()),
            }
        }
        Ok(waits)
    }

    async fn check_gate(&mut self, open: &Open<'a>) -> Result<(), Error> {
        let needs = self.waits_for(open).await?;
        if needs.is_empty() { Ok(()) } else { Err(Error::Gated { step: open.name.clone(), needs }) }
    }

    /// Tells for whom a step waits; false when for nobody.
    fn tell_gate(&self, open: &Open<'a>) -> Result<bool, Error> {
        let unknown = |need: &&crate::scenario::Text| {
            let place = find(&self.session.workshop, need)?;
            let needed = self.open(&place.0, place.1).ok()?;
            (!self.is_known(&needed)).then_some(place.0)
        };
        let Some((need, track)) = open.step.needs.iter().find_map(|need| Some((need, unknown(&need)?)))
        else {
            return Ok(false);
        };
        self.send_gate(open, &need.value, &track)?;
        Ok(true)
    }

    /// Looks at the checks of a step once.
    pub(crate) async fn look_once(
        &self,
        open: &Open<'a>,
        answer: Option<&str>,
    ) -> Result<Result<Map<String, serde_json::Value>, Failure>, Error> {
        let answers = Arc::new(Mutex::new(answer.map(str::to_owned)));
        Ok(self.chain(open, Some(answers))?.once().await)
    }

    /// Does one step for a person, and writes it down; false when it is behind already. What the person has done so
    /// far is taken for what it is.
    async fn solve_step(&mut self, open: &Open<'a>, own: bool) -> Result<bool, Error> {
        let start = tokio::time::Instant::now();
        let behind = self.past(open).is_some_and(|past| past.skipped) || self.resume(open).await?;
        if behind {
            return Ok(false);
        }
        if let Some(reason) = self.lacking(open).await? {
            self.skip(open, Some(reason))?;
            return Ok(false);
        }
        let played = self.session.actor_of(&open.track, &open.name)?.actor.name.clone();
        self.begin(open).await?;
        self.announce(open, (!own).then_some(played))?;
        self.act(open).await?;
        let facts = self.chain(open, None)?.run().await;
        let facts = facts.map_err(|failure| super::run::not_done(&open.name, failure))?;
        self.complete(open, facts, start.elapsed(), false).await?;
        Ok(true)
    }
}

fn since(began: jiff::Timestamp) -> Duration {
    Duration::try_from(jiff::Timestamp::now().duration_since(began)).unwrap_or_default()
}
