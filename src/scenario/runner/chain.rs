//! The checks of a step as a causal chain: each clock starts when the check above has passed, a check that has passed
//! stays so, and only a new fact above sets those below back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::wakes::{Wakes, any_of, next_of, until};
use crate::events::{Event, Link, LinkState};
use crate::scenario::checks::{Check, Look, Verdict};
use crate::scenario::context::Context;

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(10);

/// The facts of one check.
type Facts = Map<String, Value>;

/// What is known of one check of the open step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) expects: String,
    pub(crate) holds: bool,
    pub(crate) observed: String,
    pub(crate) values: Map<String, Value>,
}

/// What is known of all checks of the open step, shared with whoever tells about it.
pub(crate) type Standing = Arc<Mutex<Vec<Seen>>>;

/// A check that did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) check: String,
    pub(crate) expects: String,
    pub(crate) observed: String,
    pub(crate) waited: Duration,
}

/// The checks of one step.
pub(crate) struct Chain<'a> {
    context: Context<'a>,
    /// The step's id in its track, under which its own facts are found.
    id: String,
    checks: Vec<&'a Check>,
    /// With a person at work, time does not end anything.
    patient: bool,
    /// A step of others, of which only the chain is told.
    waited_for: bool,
    facts: Vec<Option<Facts>>,
    /// What is known of the checks.
    pub(crate) standing: Standing,
    /// Makes it look at once.
    pub(crate) again: Arc<Notify>,
}

/// How the wait for one check ended.
enum Turn {
    Passed(Facts),
    /// A check above has seen something new.
    Back(usize, Facts),
    Failed(Failure),
}

impl<'a> Chain<'a> {
    /// A chain for the step `id`.
    pub(crate) fn new(context: Context<'a>, id: &str, checks: Vec<&'a Check>, patient: bool) -> Self {
        let seen = |(index, check): (usize, &&Check)| Seen {
            id: check.id(index),
            expects: check.expects(&context).unwrap_or_default(),
            ..Seen::default()
        };
        let standing = Arc::new(Mutex::new(checks.iter().enumerate().map(seen).collect()));
        let facts = vec![None; checks.len()];
        Self {
            context,
            id: id.to_owned(),
            checks,
            patient,
            waited_for: false,
            facts,
            standing,
            again: Arc::default(),
        }
    }

    /// The chain of a step of others, of which a person who waits for it is told no more than how far it is.
    pub(crate) fn waited_for(mut self) -> Self {
        self.waited_for = true;
        self
    }

    /// The context of a check: the facts of those above it are known.
    fn context_of(&self, index: usize) -> Context<'a> {
        let mut context = self.context.clone();
        let own = self.facts_until(index);
        if let Some(Value::Object(facts)) = context.scope.0.get_mut("facts")
            && !own.is_empty()
        {
            facts.insert(self.id.clone(), Value::Object(own));
        }
        context
    }

    fn facts_until(&self, index: usize) -> Map<String, Value> {
        let known = self.facts.iter().enumerate().take(index);
        let known = known.filter_map(|(index, facts)| Some((index, facts.clone()?)));
        known
            .filter(|(_, facts)| !facts.is_empty())
            .map(|(index, facts)| (self.checks[index].id(index), Value::Object(facts)))
            .collect()
    }

    fn expects(&self, index: usize) -> String {
        let check = self.checks[index];
        check
            .expects(&self.context_of(index))
            .unwrap_or_else(|error| format!("`{}`: {error}", check.id(index)))
    }

    /// Looks at every check once, in order, and stops at the first that does not hold.
    pub(crate) async fn once(&mut self) -> Result<Map<String, Value>, Failure> {
        for index in 0..self.checks.len() {
            let context = self.context_of(index);
            let look = self.look(index, &context).await;
            match passed(self.checks[index], &context, &look) {
                Ok(facts) => self.facts[index] = Some(facts),
                Err(observed) => {
                    let (check, expects) = (self.checks[index].id(index), self.expects(index));
                    return Err(Failure { check, expects, observed, waited: Duration::ZERO });
                }
            }
        }
        Ok(self.facts_until(self.checks.len()))
    }

    /// Looks at those checks again that must go on holding, with the facts that are known.
    pub(crate) async fn still_holds(&mut self, known: &Map<String, Value>) -> Result<(), Failure> {
        for index in 0..self.checks.len() {
            let facts = known.get(&self.checks[index].id(index)).and_then(Value::as_object);
            self.facts[index] = Some(facts.cloned().unwrap_or_default());
        }
        for index in 0..self.checks.len() {
            if !self.checks[index].clauses().hold {
                continue;
            }
            let context = self.context_of(index);
            let look = self.look(index, &context).await;
            if let Err(observed) = passed(self.checks[index], &context, &look) {
                let (check, expects) = (self.checks[index].id(index), self.expects(index));
                return Err(Failure { check, expects, observed, waited: Duration::ZERO });
            }
        }
        Ok(())
    }

    /// Waits until all hold. The result is their facts by check.
    pub(crate) async fn run(&mut self) -> Result<Map<String, Value>, Failure> {
        let count = self.checks.len();
        let mut streams: Vec<Option<Wakes>> = (0..count).map(|_| None).collect();
        let mut overdue = vec![false; count];
        let mut index = 0;
        loop {
            let turn = if index < count {
                self.wait(index, overdue[index], &mut streams).await
            } else if let Some(turn) = self.look_back_at_all(&streams).await {
                turn
            } else {
                return Ok(self.facts_until(count));
            };
            match turn {
                Turn::Passed(facts) => {
                    self.facts[index] = Some(facts);
                    index += 1;
                }
                Turn::Back(above, facts) => {
                    self.facts[above] = Some(facts);
                    self.facts[above + 1..].fill(None);
                    overdue[above + 1..].fill(false);
                    index = above + 1;
                }
                Turn::Failed(failure) if self.patient => {
                    self.send_failed(&failure);
                    overdue[index] = true;
                }
                Turn::Failed(failure) => {
                    self.send_failed(&failure);
                    return Err(failure);
                }
            }
        }
    }

    async fn wait(&self, index: usize, overdue: bool, streams: &mut [Option<Wakes>]) -> Turn {
        let check = self.checks[index];
        let clauses = check.clauses();
        let context = self.context_of(index);
        let start = Instant::now();
        let endless = overdue || self.patient && index == 0;
        let deadline = (!endless).then(|| start + clauses.within());
        let mut report = Report { chain: self, index, last: None, start };
        let (above, own) = streams.split_at_mut(index);
        let mut held: Option<Instant> = None;
        loop {
            if own[0].is_none() {
                own[0] = check.wakes(&context).await;
            }
            let look = self.look(index, &context).await;
            let now = Instant::now();
            match passed(check, &context, &look) {
                Ok(facts) => {
                    let since = *held.get_or_insert(now);
                    if now.duration_since(since) >= clauses.stable_for() {
                        return report.passed(facts);
                    }
                }
                Err(observed) => {
                    held = None;
                    let never = matches!(look.verdict, Verdict::Never(_)) && !overdue;
                    if never || deadline.is_some_and(|deadline| now >= deadline) {
                        return report.failed(observed);
                    }
                    report.waiting(observed);
                }
            }
            let steady = held.map(|since| since + clauses.stable_for());
            let poll = own[0].is_none().then(|| now + clauses.every());
            let next = [steady, poll, deadline].into_iter().flatten().min();
            tokio::select! {
                more = next_of(&mut own[0]) => if more.is_none() { own[0] = None },
                () = self.again.notified() => (),
                (changed, ended) = any_of(above) => {
                    if ended {
                        above[changed] = self.checks[changed].wakes(&self.context_of(changed)).await;
                    }
                    if let Some(turn) = self.look_back(changed).await {
                        return turn;
                    }
                }
                () = until(next) => (),
            }
        }
    }

    /// Looks again at a check above: something new sets the chain back to it.
    async fn look_back(&self, above: usize) -> Option<Turn> {
        let check = self.checks[above];
        if check.clauses().save.is_empty() {
            return None;
        }
        let context = self.context_of(above);
        let look = self.look(above, &context).await;
        let facts = passed(check, &context, &look).ok()?;
        (self.facts[above].as_ref() != Some(&facts)).then_some(Turn::Back(above, facts))
    }

    /// Looks again at every check that is told of changes: what has passed below may be about something newer than what
    /// was seen above, for the news of that can be on its way still.
    async fn look_back_at_all(&self, streams: &[Option<Wakes>]) -> Option<Turn> {
        for (above, stream) in streams.iter().enumerate() {
            if stream.is_some()
                && let Some(turn) = self.look_back(above).await
            {
                return Some(turn);
            }
        }
        None
    }

    async fn look(&self, index: usize, context: &Context<'_>) -> Look {
        let look = tokio::time::timeout(LOOK, self.checks[index].look(context)).await;
        let look = look.unwrap_or_else(|_| Look::not_yet(format!("no answer within {LOOK:?}")));
        if let Ok(mut standing) = self.standing.lock() {
            let seen = &mut standing[index];
            // Facts of the checks above may be known by now.
            seen.expects = self.expects(index);
            seen.holds = look.verdict == Verdict::Holds;
            seen.observed = match &look.verdict {
                Verdict::Holds => "as wanted".to_owned(),
                Verdict::NotYet(observed) | Verdict::Never(observed) => observed.clone(),
            };
            seen.values.clone_from(&look.values);
        }
        look
    }

    /// Tells where the chain stands, with the check `open` as the one that is waited for.
    fn tell(&self, open: usize) {
        let Ok(standing) = self.standing.lock() else { return };
        let event = chain_event(&self.context.step, &standing, open, self.waited_for, false);
        self.context.session.events.send(event);
    }

    fn send_failed(&self, failure: &Failure) {
        let Failure { check, expects, observed, waited } = failure.clone();
        let step = self.context.step.clone();
        self.context.session.events.send(Event::CheckFailed { step, check, expects, observed, took: waited });
    }
}

/// The event that tells where a chain stands.
pub(crate) fn chain_event(
    step: &str,
    standing: &[Seen],
    open: usize,
    waited_for: bool,
    detailed: bool,
) -> Event {
    let link = |(index, seen): (usize, &Seen)| Link {
        check: seen.id.clone(),
        expects: seen.expects.clone(),
        observed: seen.observed.clone(),
        state: match index.cmp(&open) {
            std::cmp::Ordering::Less => LinkState::Passed,
            std::cmp::Ordering::Equal => LinkState::Open,
            std::cmp::Ordering::Greater => LinkState::Later,
        },
    };
    let links = standing.iter().enumerate().map(link).collect();
    Event::Chain { step: step.to_owned(), waited_for, detailed, links }
}

/// The facts of a look that passes, or what was observed instead.
fn passed(check: &Check, context: &Context<'_>, look: &Look) -> Result<Facts, String> {
    match &look.verdict {
        Verdict::Holds => look.facts(context, &check.clauses()),
        Verdict::NotYet(observed) | Verdict::Never(observed) => Err(observed.clone()),
    }
}

/// Tells about one check, and each observation only once.
struct Report<'a, 'b> {
    chain: &'b Chain<'a>,
    index: usize,
    last: Option<String>,
    start: Instant,
}

impl Report<'_, '_> {
    fn check(&self) -> String {
        self.chain.checks[self.index].id(self.index)
    }

    fn waiting(&mut self, observed: String) {
        if self.last.as_ref() != Some(&observed) {
            let first = self.last.replace(observed.clone()).is_none();
            if first && self.chain.patient {
                self.chain.tell(self.index);
            }
            if self.chain.waited_for {
                return;
            }
            let (step, check) = (self.chain.context.step.clone(), self.check());
            let expects = self.chain.expects(self.index);
            let event = Event::CheckWaiting { step, check, expects, observed };
            self.chain.context.session.events.send(event);
        }
    }

    fn passed(&self, facts: Facts) -> Turn {
        if self.chain.waited_for {
            return Turn::Passed(facts);
        }
        let (step, check) = (self.chain.context.step.clone(), self.check());
        let expects = self.chain.expects(self.index);
        let event = Event::CheckPassed { step, check, expects, took: self.start.elapsed() };
        self.chain.context.session.events.send(event);
        Turn::Passed(facts)
    }

    fn failed(&self, observed: String) -> Turn {
        let (check, expects) = (self.check(), self.chain.expects(self.index));
        Turn::Failed(Failure { check, expects, observed, waited: self.start.elapsed() })
    }
}

/// Waits for a single check; what was last observed when it does not pass.
pub(crate) async fn wait_for(check: &Check, context: &Context<'_>) -> Result<(), String> {
    let mut chain = Chain::new(context.clone(), "", vec![check], false);
    chain.run().await.map(|_| ()).map_err(|failure| failure.observed)
}
