//! With a person: shows a step, watches its checks while the person works, and goes on when they hold.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::chain::{Standing, chain_event};
use super::hints::choose;
use super::order::{find, order_until};
use super::run::{Open, Run};
use super::view::View;
use crate::events::Event;
use crate::scenario::checks::Check;
use crate::scenario::completions;
use crate::scenario::context::Answers;
use crate::scenario::error::Error;
use crate::scenario::journal::Record;
use crate::scenario::kubernetes::chain as in_one_line;
use crate::scenario::model::Style;
use crate::scenario::session::Session;

/// What a learner asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The next hint.
    Hint,
    /// What the words mean that the step's text marks.
    Words,
    /// Where the chain of checks stands.
    Why,
    /// A look right now.
    Check,
    /// The tool does the step.
    Solve,
    /// Leave the step out.
    Skip,
    /// The steps of the track, and how far they are.
    List,
    /// The text of the step before, to be read again; once more, and it is the one before that.
    Back,
    /// Back to the beginning of a step: who gave the command says of which, and asks.
    Reset,
    /// Let the tool play those who are waited for.
    Play,
    /// Go on without those who are waited for: a trainer says so.
    Open,
    /// An answer to the question that is open.
    Answer(String),
    /// Stop here; it can be taken up again.
    Quit,
}

/// How to learn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LearnOptions {
    /// Tracks that the tool plays where a step needs them; `others` means all.
    pub play: Vec<String>,
}

/// How a session of learning ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LearnOutcome {
    /// The last step is complete, or left out.
    Finished,
    /// The learner stopped at this step.
    Left {
        /// `<track>.<step>`.
        step: String,
    },
    /// The learner wants to go back to the beginning of a step, of this one if no other is said.
    Reset {
        /// `<track>.<step>`.
        step: String,
    },
}

/// How a step ended.
enum Ended {
    Complete,
    Skipped,
    Left,
    Reset,
}

impl Session {
    /// Takes a person through a track, from where the journal says. Commands come through `control`.
    pub async fn learn(
        &self,
        track: &str,
        mut control: mpsc::Receiver<Control>,
        options: &LearnOptions,
    ) -> Result<LearnOutcome, Error> {
        let scenario = self.scenario(track)?;
        let mut run = Run::new(self).await?;
        run.hold(track)?;
        self.require(track).await?;
        for index in 0..scenario.steps.len() {
            let open = run.open(track, index)?;
            if run.past(&open).is_some_and(|past| past.skipped) || run.resume(&open).await? {
                continue;
            }
            if let Some(reason) = run.lacking(&open).await? {
                run.skip(&open, Some(reason))?;
                continue;
            }
            let mut ended = run.gate(&open, &mut control, options).await?;
            if matches!(ended, Ended::Complete) {
                ended = run.learn_step(&open, &mut control).await?;
            }
            match ended {
                Ended::Complete => (),
                Ended::Skipped => run.skip(&open, None)?,
                Ended::Left => return Ok(LearnOutcome::Left { step: open.name }),
                Ended::Reset => return Ok(LearnOutcome::Reset { step: open.name }),
            }
        }
        Ok(LearnOutcome::Finished)
    }
}

impl<'a> Run<'a> {
    /// Leaves a step out, with the reason where it cannot be done here.
    pub(crate) fn skip(&mut self, open: &Open<'_>, reason: Option<String>) -> Result<(), Error> {
        self.session.events.send(Event::StepSkipped { step: open.name.clone(), reason: reason.clone() });
        self.write(&open.track, Record::Skipped { step: open.step.id.value.clone(), reason })
    }

    /// Waits for the steps of other tracks that a step needs, or plays them.
    async fn gate(
        &mut self,
        open: &Open<'a>,
        control: &mut mpsc::Receiver<Control>,
        options: &LearnOptions,
    ) -> Result<Ended, Error> {
        for need in &open.step.needs {
            let Some(place) = find(&self.session.workshop, need) else { continue };
            let needed = self.open(&place.0, place.1)?;
            if self.is_known(&needed) {
                continue;
            }
            let may_play = options.play.iter().any(|name| name == "others" || *name == place.0);
            if !may_play {
                self.send_gate(open, &need.value, &place.0)?;
                match self.wait_for_others(open, &needed, control).await? {
                    Some(ended) => return Ok(ended),
                    None if self.is_known(&needed) => continue,
                    None => (),
                }
            }
            for (track, index) in order_until(&self.session.workshop, &place) {
                let step = self.open(&track, index)?;
                Box::pin(self.rehearse_step(&step, track == open.track)).await?;
            }
        }
        Ok(Ended::Complete)
    }

    /// Tells that a step waits for one of another track, and whose that is.
    pub(crate) fn send_gate(&self, open: &Open<'_>, need: &str, track: &str) -> Result<(), Error> {
        let while_waiting = open.step.while_waiting.as_ref().map(|text| self.text(open, text)).transpose()?;
        let known = self.session.workshop.tracks.get(track);
        let who = known.map_or_else(|| track.to_owned(), |track| track.title.value.clone());
        let (step, needs) = (open.name.clone(), vec![need.to_owned()]);
        self.session.events.send(Event::StepGated { step, needs, who, while_waiting });
        Ok(())
    }

    /// Waits until a step of another track is complete, whoever does it. Nothing means that it is, or that the tool
    /// is to play it.
    async fn wait_for_others(
        &mut self,
        open: &Open<'a>,
        needed: &Open<'a>,
        control: &mut mpsc::Receiver<Control>,
    ) -> Result<Option<Ended>, Error> {
        let mut chain = self.chain(needed, Some(Answers::default()))?.waited_for();
        let (standing, again) = (chain.standing.clone(), chain.again.clone());
        let mut view = View::new(open);
        let mut listening = true;
        let watch = chain.run();
        tokio::pin!(watch);
        // Somebody on another machine tells it through the cluster.
        let told = completions::wait_for(self.session, &needed.track, &needed.step.id.value);
        tokio::pin!(told);
        let facts = loop {
            tokio::select! {
                facts = &mut told => break facts,
                result = &mut watch => match result {
                    Ok(facts) => break facts,
                    Err(failure) => return Err(super::run::not_done(&needed.name, failure)),
                },
                command = control.recv(), if listening => match command {
                    None => listening = false,
                    Some(Control::Quit) => return Ok(Some(Ended::Left)),
                    Some(Control::Skip) => return Ok(Some(Ended::Skipped)),
                    Some(Control::Reset) => return Ok(Some(Ended::Reset)),
                    Some(Control::List) => self.tell_list(&open.track)?,
                    Some(Control::Back) => self.tell_back(&mut view)?,
                    Some(Control::Words) => self.tell_words(open),
                    Some(Control::Open) => {
                        self.session.events.note(format!("    {} is not waited for", needed.name));
                        return Ok(Some(Ended::Complete));
                    }
                    Some(Control::Play | Control::Solve) => return Ok(None),
                    Some(Control::Why) => self.tell_why(&needed.name, &standing),
                    Some(Control::Hint) => self.session.events.note(
                        "    this step is for others to do: wait for them, `p` lets atelier play them, `k` leaves your step out, `o` goes on without them",
                    ),
                    Some(_) => again.notify_one(),
                },
            }
        };
        self.remember(needed, facts);
        Ok(None)
    }

    /// Shows one step and watches it.
    async fn learn_step(
        &mut self,
        open: &Open<'a>,
        control: &mut mpsc::Receiver<Control>,
    ) -> Result<Ended, Error> {
        let start = Instant::now();
        self.begin(open).await?;
        self.announce(open, None)?;
        self.show_commands(open).await?;
        let answers: Answers = Arc::new(Mutex::new(None));
        let mut chain = self.chain(open, Some(answers.clone()))?;
        let (standing, again) = (chain.standing.clone(), chain.again.clone());
        let mut hints =
            Hints { open: open.clone(), standing: standing.clone(), given: BTreeSet::new(), start };
        let mut view = View::new(open);
        let mut listening = true;
        let watch = chain.run();
        tokio::pin!(watch);
        let facts = loop {
            tokio::select! {
                result = &mut watch => match result {
                    Ok(facts) => break facts,
                    Err(failure) => return Err(super::run::not_done(&open.name, failure)),
                },
                () = hints.due() => hints.give(self, true),
                command = control.recv(), if listening => match command {
                    None => listening = false,
                    Some(Control::Quit) => return Ok(Ended::Left),
                    Some(Control::Skip) => return Ok(Ended::Skipped),
                    Some(Control::Reset) => return Ok(Ended::Reset),
                    Some(Control::List) => self.tell_list(&open.track)?,
                    Some(Control::Back) => self.tell_back(&mut view)?,
                    Some(Control::Hint) => hints.give(self, false),
                    Some(Control::Words) => self.tell_words(open),
                    Some(Control::Why) => self.tell_why(&open.name, &standing),
                    Some(Control::Check | Control::Play | Control::Open) => again.notify_one(),
                    Some(Control::Answer(text)) => {
                        if let Ok(mut answer) = answers.lock() {
                            *answer = Some(text);
                        }
                        again.notify_one();
                    }
                    Some(Control::Solve) => {
                        match self.act(open).await {
                            Ok(()) => self.answer_for(open, &answers),
                            Err(error) => self.session.events.note(in_one_line(&error)),
                        }
                        again.notify_one();
                    }
                },
            }
        };
        self.complete(open, facts, start.elapsed(), false).await?;
        Ok(Ended::Complete)
    }

    /// Answers the question of a step that the tool does.
    fn answer_for(&self, open: &Open<'_>, answers: &Answers) {
        let question = open.step.verify.iter().find_map(|check| match &check.value {
            Check::Answer(question) => Some(question),
            _ => None,
        });
        let context = self.context(&open.track, &open.name);
        let Some(own) =
            question.zip(context.ok()).and_then(|(question, context)| question.own(&context).ok())
        else {
            return;
        };
        self.session.events.note(format!("    the answer is: {own}"));
        if let Ok(mut answer) = answers.lock() {
            *answer = Some(own);
        }
    }

    pub(crate) async fn show_commands(&self, open: &Open<'_>) -> Result<(), Error> {
        if open.step.style != Style::Guided {
            return Ok(());
        }
        let context = self.context(&open.track, &open.name)?;
        let mut commands = Vec::new();
        for action in &open.step.actions {
            let told = action.told(&context).await;
            let told = told
                .map_err(|error| Error::Template { step: open.name.clone(), message: error.to_string() })?;
            commands.extend(told.map(|text| context.masked(&text)));
        }
        if !commands.is_empty() {
            self.session.events.send(Event::StepCommands { step: open.name.clone(), commands });
        }
        Ok(())
    }

    /// Tells all that is known of a chain.
    pub(crate) fn tell_why(&self, step: &str, standing: &Standing) {
        let Ok(standing) = standing.lock() else { return };
        let open = standing.iter().position(|seen| !seen.holds).unwrap_or(standing.len());
        self.session.events.send(chain_event(step, &standing, open, false, true));
    }
}

/// The hints of the open step.
struct Hints<'a> {
    open: Open<'a>,
    standing: Standing,
    given: BTreeSet<usize>,
    start: Instant,
}

impl Hints<'_> {
    /// When the next hint is given unasked.
    async fn due(&self) {
        let hints = self.open.step.hints.iter().enumerate().filter(|(index, _)| !self.given.contains(index));
        let waits = hints.filter_map(|(_, hint)| hint.after.as_ref().map(|after| after.value.0));
        match waits.min() {
            Some(after) => tokio::time::sleep_until(self.start + after).await,
            None => std::future::pending().await,
        }
    }

    /// Gives one hint: one whose condition holds, else the next in order. Unasked only one whose time has come.
    fn give(&mut self, run: &Run<'_>, unasked: bool) {
        let seen = self.standing.lock().map(|standing| standing.clone()).unwrap_or_default();
        match choose(run, &self.open, &seen, &self.given, self.start.elapsed(), unasked) {
            Some((index, text)) => {
                self.given.insert(index);
                run.session.events.send(Event::Hint { step: self.open.name.clone(), text });
            }
            None if unasked => {
                // What has nothing to say now is not asked again and again.
                let hints = self.open.step.hints.iter().enumerate();
                let elapsed = self.start.elapsed();
                let due = hints
                    .filter(|(_, hint)| hint.after.as_ref().is_some_and(|after| after.value.0 <= elapsed));
                self.given.extend(due.map(|(index, _)| index));
            }
            None => run
                .session
                .events
                .note("    there are no more hints; `w` says what is missing, `s` does the step for you"),
        }
    }
}
