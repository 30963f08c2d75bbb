//! The plan: which stages a platform has, in which order, and running them forwards, backwards or for a look.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde::Serialize;

use super::stages::{
    Actors, Cluster, Definitions, Folder, Forge, Images, Import, Manifest, Network, Operator, Preflight,
    Receiver, Repositories, Server,
};
use super::{Context, Error, Inventory, Spec, Stage, State};
use crate::events::{Event, Outcome};
use crate::platform::Kind;

/// How long a look at a stage may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// How one stage ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The stage's name.
    pub stage: &'static str,
    /// How it stands.
    pub state: State,
}

/// The stages of a platform, each after those that it needs.
pub struct Plan(Vec<Box<dyn Stage>>);

impl Plan {
    /// The plan of a lab.
    pub fn of(spec: &Spec) -> Self {
        let (platform, operator) = (spec.platform, spec.operator);
        // A lesson that installs the operator needs everything but the installation.
        let at_hand = spec.needs_operator();
        let mut stages: Vec<Box<dyn Stage>> = vec![Box::new(Folder)];
        match platform {
            Kind::Embedded => stages.push(Box::new(Server)),
            Kind::K3d => {
                stages.extend([Box::new(Preflight) as Box<dyn Stage>, Box::new(Network), Box::new(Forge)]);
                stages.push(Box::new(Cluster));
                if at_hand {
                    stages.push(Box::new(Manifest));
                }
                stages.push(Box::new(Images::WORKSHOP));
                if at_hand {
                    stages.extend([Box::new(Images::OPERATOR) as Box<dyn Stage>, Box::new(Import::OPERATOR)]);
                    stages.push(Box::new(Import::WORKSHOP_LAST));
                } else {
                    stages.push(Box::new(Import::WORKSHOP));
                }
            }
        }
        let (running, ready): (&[_], &[_]) = match platform {
            Kind::Embedded => (&["server"], &["definitions"]),
            Kind::K3d => (&["forge", "cluster"], &["definitions", "operator-import"]),
        };
        stages.push(Box::new(Actors { after: running }));
        stages.push(Box::new(Repositories));
        if operator {
            let defined: &[_] = if platform == Kind::K3d { &["cluster", "manifest"] } else { &["server"] };
            stages.push(Box::new(Definitions { after: defined }));
            stages.push(Box::new(Operator { after: ready }));
            stages.push(Box::new(Receiver));
        }
        Self(stages)
    }

    /// Makes everything so; stages that do not need each other run side by side. At the first failure the stages
    /// that run come to their end, what stands is kept, and the failure is returned.
    pub async fn up(&self, context: &Context) -> Result<Vec<(&'static str, Outcome, Duration)>, Error> {
        let mut waiting = self.0.iter().map(AsRef::as_ref).collect::<Vec<&dyn Stage>>();
        let mut done: BTreeMap<&'static str, (Outcome, Duration)> = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        let mut failure = None;
        loop {
            if failure.is_none() {
                let ready = |stage: &&&dyn Stage| stage.after().iter().all(|name| done.contains_key(name));
                let started = waiting.iter().filter(ready).map(|stage| stage.name()).collect::<Vec<_>>();
                for stage in self.0.iter().filter(|stage| started.contains(&stage.name())) {
                    running.push(ensure(stage.as_ref(), context));
                }
                waiting.retain(|stage| !started.contains(&stage.name()));
            }
            match running.next().await {
                Some((name, Ok(outcome), took)) => {
                    done.insert(name, (outcome, took));
                }
                Some((name, Err(source), _)) => {
                    failure.get_or_insert(named(name, context, source));
                    context.signals.failed.cancel();
                }
                None => break,
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(self
                .0
                .iter()
                .map(|stage| (stage.name(), done[stage.name()].0, done[stage.name()].1))
                .collect()),
        }
    }

    /// Removes everything, then looks whether anything is left.
    pub async fn down(&self, context: &Context) -> Result<Outcome, Error> {
        let before = Inventory::take(context).await?;
        let mut whole = Outcome::Unchanged;
        for stage in self.0.iter().rev() {
            let begin = Instant::now();
            let outcome =
                stage.remove(context).await.map_err(|source| named(stage.name(), context, source))?;
            whole = whole.and(outcome);
            if outcome != Outcome::Unchanged {
                let (stage, took) = (stage.name().to_owned(), begin.elapsed());
                context.events.send(Event::StageFinished { stage, outcome, took, detail: String::new() });
            }
        }
        let left = before.left().await?;
        if left.is_empty() {
            return Ok(whole);
        }
        let left = left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(Error::Left { lab: context.folder.name().to_owned(), left })
    }

    /// How every stage stands. One that does not answer in time is [`State::Unknown`].
    pub async fn status(&self, context: &Context) -> Result<Vec<Status>, Error> {
        let probes = self.0.iter().map(async |stage| {
            let name = stage.name();
            match tokio::time::timeout(PROBE_LIMIT, stage.probe(context)).await {
                Ok(Ok(state)) => Ok(Status { stage: name, state }),
                Ok(Err(source)) => Err(named(name, context, source)),
                Err(_) => Ok(Status { stage: name, state: State::Unknown }),
            }
        });
        futures::future::try_join_all(probes).await
    }
}

async fn ensure(stage: &dyn Stage, context: &Context) -> (&'static str, Result<Outcome, Error>, Duration) {
    let begin = Instant::now();
    context.events.send(Event::StageStarted { stage: stage.name().to_owned() });
    let result = stage.ensure(context).await;
    let took = begin.elapsed();
    let result = result.map(|(outcome, detail)| {
        context.events.send(Event::StageFinished { stage: stage.name().to_owned(), outcome, took, detail });
        outcome
    });
    (stage.name(), result, took)
}

fn named(stage: &'static str, context: &Context, source: Error) -> Error {
    Error::Stage { stage, lab: context.folder.name().to_owned(), source: Box::new(source) }
}
