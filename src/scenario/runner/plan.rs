//! What a track would do, rendered as far as it is known: `(known after …)` stands for facts that are not there yet.
//! Runs nothing, and asks only the forge and the cluster what is so now.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::run::Run;
use crate::scenario::actions::Action;
use crate::scenario::context::Context;
use crate::scenario::error::Error;
use crate::scenario::session::Session;

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// `<track>.<step>`.
    pub step: String,
    /// The title, rendered.
    pub title: String,
    /// Steps of others that come before.
    pub needs: Vec<String>,
    /// True when it is complete, or left out, already.
    pub behind: bool,
    /// Why it cannot be done here.
    pub lack: Option<String>,
    /// What is done.
    pub actions: Vec<PlannedAction>,
    /// What must become true.
    pub checks: Vec<String>,
}

/// One action of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedAction {
    /// Who does it.
    pub actor: String,
    /// The commands, and what they change.
    pub shown: String,
    /// True when it must not be repeated.
    pub once: bool,
    /// What this lab cannot do, in words.
    pub lack: Option<String>,
}

impl Session {
    /// The plan of a track.
    pub async fn plan(&self, track: &str) -> Result<Vec<PlannedStep>, Error> {
        let scenario = self.scenario(track)?;
        let run = Run::new(self).await?;
        let history = crate::scenario::journal::read(&self.journal_folder, track)?;
        let mut planned = Vec::new();
        for index in 0..scenario.steps.len() {
            let open = run.open(track, index)?;
            let mut context = run.context(track, &open.name)?;
            self.fill(track, &mut context, |step| json!(format!("(known after {step})")));
            let past = history.step(&open.step.id.value);
            let mut actions = Vec::new();
            for action in &open.step.actions {
                let told = action.told(&context).await;
                let shown = told.unwrap_or_else(|error| Some(format!("# {error}")));
                let shown = shown.or_else(|| action.shown(&context).ok().flatten());
                let Some(shown) = shown else { continue };
                let actor = action
                    .actor()
                    .map_or_else(|| context.actor.actor.name.clone(), |actor| actor.value.clone());
                actions.push(PlannedAction {
                    actor,
                    shown: context.masked(&shown),
                    once: action.once(),
                    lack: self.lack_of(action),
                });
            }
            let checks = open
                .step
                .verify
                .iter()
                .map(|check| check.expects(&context).unwrap_or_else(|error| error.message));
            planned.push(PlannedStep {
                title: context.text(&open.step.title).unwrap_or_else(|_| open.step.title.value.clone()),
                needs: open.step.needs.iter().map(|need| need.value.clone()).collect(),
                behind: past.is_some_and(|past| past.skipped || past.complete.is_some()),
                lack: run.lacking(&open).await?,
                checks: checks.collect(),
                step: open.name,
                actions,
            });
        }
        Ok(planned)
    }

    /// What this lab cannot do yet.
    fn lack_of(&self, action: &Action) -> Option<String> {
        let kind = self.platform.kind.name();
        let cannot = |what: &str| Some(format!("{what} is not possible on the platform `{kind}` yet"));
        match action {
            Action::Install(_) if self.operator.is_empty() => cannot("`install: operator`"),
            _ => None,
        }
    }

    /// Adds to the facts those that are not known yet, each with words about the step that makes it known instead of
    /// its value.
    pub(crate) fn fill(&self, track: &str, context: &mut Context<'_>, words: impl Fn(&str) -> Value) {
        let Some(Value::Object(facts)) = context.scope.0.get_mut("facts") else { return };
        for (other, scenario) in &self.workshop.scenarios {
            let mut place = Map::new();
            for step in &scenario.steps {
                let mut checks = Map::new();
                for (index, check) in step.verify.iter().enumerate() {
                    let name = words(&format!("{other}.{}", step.id.value));
                    let names = check.clauses().save.keys().map(|fact| (fact.clone(), name.clone()));
                    let saved: Map<_, _> = names.collect();
                    if !saved.is_empty() {
                        checks.insert(check.id(index), Value::Object(saved));
                    }
                }
                place.insert(step.id.value.clone(), Value::Object(checks));
            }
            let known = if other == track {
                &mut *facts
            } else {
                let place = facts.entry(other.clone()).or_insert_with(|| json!({}));
                let Value::Object(place) = place else { continue };
                place
            };
            for (step, checks) in place {
                known.entry(step).or_insert(checks);
            }
        }
    }
}
