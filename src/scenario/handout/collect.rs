//! What a handout holds, gathered from a workshop: texts rendered as far as they are known before a lab.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::paper;
use crate::scenario::checks::Check;
use crate::scenario::context::Context;
use crate::scenario::error::Error;
use crate::scenario::glossary::Word;
use crate::scenario::model::{Placed, Requires, Step, Style, Text};
use crate::scenario::session::Session;
use crate::scenario::workshop::Workshop;

/// What stands for a value that only a lab has.
pub(crate) const UNKNOWN: &str = "(known in the lab)";

/// A handout.
#[derive(Clone, Debug, Serialize)]
pub struct Handout {
    /// The workshop's id.
    pub workshop: String,
    /// Its title.
    pub title: String,
    /// What it teaches, Markdown.
    pub summary: Option<String>,
    /// The programs that it needs, each with the versions that will do.
    pub tools: Vec<String>,
    /// What it runs on.
    pub platforms: Vec<&'static str>,
    /// In the order that was asked for.
    pub tracks: Vec<HandoutTrack>,
    /// Which steps wait for which.
    pub gates: Vec<Gate>,
    /// The words that its texts mark, by the alphabet.
    pub words: Vec<Word>,
    /// Whether it tells solutions and what is for the trainer.
    pub solutions: bool,
}

/// One track of a handout.
#[derive(Clone, Debug, Serialize)]
pub struct HandoutTrack {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is about.
    pub subtitle: String,
    /// What it teaches, Markdown.
    pub summary: Option<String>,
    /// Who does it.
    pub member: Member,
    /// How long people need.
    pub estimated: Option<Duration>,
    /// In order.
    pub steps: Vec<HandoutStep>,
}

/// Who does a track.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    /// The word that commands take.
    pub name: String,
    /// The name in commits.
    pub full_name: String,
}

/// One step of a handout. Texts are Markdown.
#[derive(Clone, Debug, Serialize)]
pub struct HandoutStep {
    /// `<track>.<step>`.
    pub step: String,
    /// For people.
    pub title: String,
    /// How long people need.
    pub estimated: Option<Duration>,
    /// Whether only the goal is told.
    pub challenge: bool,
    /// Steps of others that come before.
    pub needs: Vec<String>,
    /// What it needs besides what the whole track needs.
    pub requires: Vec<String>,
    /// What and why.
    pub explain: String,
    /// What to type and to write.
    pub directions: Vec<Direction>,
    /// What must become true.
    pub goals: Vec<String>,
    /// Questions to answer.
    pub questions: Vec<String>,
    /// Help that needs nothing of a lab.
    pub hints: Vec<String>,
    /// The way in words; only for trainers.
    pub solution: Option<String>,
    /// For the trainer.
    pub notes: Option<String>,
}

/// Something that a person is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// In words.
    Words(String),
    /// Lines of a file.
    Lines(String),
    /// Commands.
    Commands(String),
}

/// A step that waits for another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// `<track>.<step>`.
    pub step: String,
    /// `<track>.<step>`.
    pub needs: String,
}

impl Handout {
    /// Every step that waits, and for which steps.
    pub(super) fn waits(&self) -> Vec<(&str, Vec<&str>)> {
        let mut waits: Vec<(&str, Vec<&str>)> = Vec::new();
        for gate in &self.gates {
            match waits.last_mut() {
                Some((step, needs)) if *step == gate.step => needs.push(&gate.needs),
                _ => waits.push((&gate.step, vec![&gate.needs])),
            }
        }
        waits
    }
}

impl Workshop {
    /// The tracks, those first that go on longest before they wait for others.
    pub fn in_order(&self) -> Vec<String> {
        let alone = |track: &String| {
            let steps = self.scenarios.get(track).map_or(&[][..], |scenario| &scenario.steps);
            steps.iter().position(|step| !step.needs.is_empty()).unwrap_or(usize::MAX)
        };
        let mut tracks: Vec<_> = self.tracks.keys().cloned().collect();
        tracks.sort_by_key(|track| std::cmp::Reverse(alone(track)));
        tracks
    }

    /// The handout of some tracks.
    pub async fn handout(&self, tracks: &[String], solutions: bool) -> Result<Handout, Error> {
        let session = paper::session(self);
        let mut told = Vec::new();
        for track in tracks {
            told.push(collect_track(&session, track, solutions).await?);
        }
        let steps = || told.iter().flat_map(|track| &track.steps);
        let gates = steps().flat_map(|step| {
            let gate = |needs: &String| Gate { step: step.step.clone(), needs: needs.clone() };
            step.needs.iter().map(gate).collect::<Vec<_>>()
        });
        let marked = |word: &Word| word.first.iter().any(|step| steps().any(|told| told.step == *step));
        let tools = self.environment.tools.iter().map(tool);
        let platforms = self.platforms.iter().map(|platform| platform.name());
        Ok(Handout {
            workshop: self.id.clone(),
            title: self.title.clone(),
            summary: self.summary.clone(),
            tools: tools.collect(),
            platforms: platforms.collect(),
            gates: gates.collect(),
            words: self.words().into_iter().filter(marked).collect(),
            tracks: told,
            solutions,
        })
    }
}

fn tool((name, versions): (&String, &Text)) -> String {
    format!("{name} {}", versions.value)
}

async fn collect_track(session: &Session, track: &str, solutions: bool) -> Result<HandoutTrack, Error> {
    let scenario = session.scenario(track)?;
    let context = context(session, track, track)?;
    let actor = &context.actor.actor;
    let title = session.workshop.tracks.get(track).map_or(track, |about| about.title.value.as_str());
    let mut steps = Vec::new();
    for step in &scenario.steps {
        steps.push(collect_step(session, track, step, solutions).await?);
    }
    Ok(HandoutTrack {
        name: track.to_owned(),
        title: title.to_owned(),
        subtitle: text(&context, &scenario.title)?,
        summary: scenario.summary.as_ref().map(|summary| text(&context, summary)).transpose()?,
        member: Member { name: actor.name.clone(), full_name: actor.full_name.clone() },
        estimated: scenario.estimated.as_ref().map(|length| length.value.0),
        steps,
    })
}

async fn collect_step(
    session: &Session,
    track: &str,
    step: &Step,
    solutions: bool,
) -> Result<HandoutStep, Error> {
    let name = format!("{track}.{}", step.id.value);
    let context = context(session, track, &name)?;
    let optional = |written: Option<&Text>| written.map(|written| text(&context, written)).transpose();
    let challenge = step.style == Style::Challenge;
    let mut directions = Vec::new();
    if solutions || !challenge {
        for action in &step.actions {
            let told = action.told(&context).await;
            let told =
                told.map_err(|error| Error::Template { step: name.clone(), message: error.to_string() })?;
            told.iter().for_each(|told| add_parts(&mut directions, told));
        }
    }
    // What is not known is left out of what checks wait for, where they can say it without.
    let bare = Context { scope: session.scope(track, Map::new()), ..context.clone() };
    let goal = |check: &Placed<Check>| check.expects(&bare).or_else(|_| check.expects(&context)).ok();
    let goals = step.verify.iter().filter(|check| !matches!(check.value, Check::Answer(_)));
    let question = |check: &Placed<Check>| match &check.value {
        Check::Answer(body) => Some(text(&context, &body.ask)),
        _ => None,
    };
    // A hint about what was observed has nothing to say on paper.
    let hints = step.hints.iter().filter(|hint| hint.when.is_none());
    Ok(HandoutStep {
        title: text(&context, &step.title)?,
        estimated: step.estimated.as_ref().map(|length| length.value.0),
        challenge,
        needs: step.needs.iter().map(|need| need.value.clone()).collect(),
        requires: required(&step.requires),
        explain: text(&context, &step.explain)?,
        directions,
        goals: goals.filter_map(goal).map(|goal| known(&goal)).collect(),
        questions: step.verify.iter().filter_map(question).collect::<Result<_, _>>()?,
        hints: hints.map(|hint| text(&context, &hint.text)).collect::<Result<_, _>>()?,
        solution: if solutions { optional(step.solution.as_ref())? } else { None },
        notes: if solutions { optional(step.notes.as_ref())? } else { None },
        step: name,
    })
}

/// What a step needs of a lab and of a machine, in words.
fn required(requires: &Requires) -> Vec<String> {
    let components = requires.components.iter().map(|component| component.name().to_owned());
    components.chain(requires.tools.iter().map(tool)).collect()
}

/// What the texts of a step may use: facts are there, and not known.
fn context<'a>(session: &'a Session, track: &str, name: &str) -> Result<Context<'a>, Error> {
    let mut context = Context {
        session,
        actor: session.actor_of(track, name)?,
        step: name.to_owned(),
        scope: session.scope(track, Map::new()),
        answers: None,
        since: None,
    };
    session.fill(track, &mut context, |_| Value::String(UNKNOWN.to_owned()));
    Ok(context)
}

fn text(context: &Context<'_>, written: &Text) -> Result<String, Error> {
    let rendered = context
        .text(written)
        .map_err(|error| Error::Template { step: context.step.clone(), message: error.to_string() })?;
    Ok(known(rendered.trim_end()))
}

/// What is not known needs no quotes in a command.
fn known(text: &str) -> String {
    text.replace(&format!("'{UNKNOWN}'"), UNKNOWN)
}

/// What a learner is told, taken apart: `# ` begins words, two blanks begin lines of a file, the rest is typed.
fn add_parts(parts: &mut Vec<Direction>, told: &str) {
    for line in known(told).lines() {
        let next = if let Some(words) = line.strip_prefix("# ") {
            Direction::Words(words.to_owned())
        } else if let Some(content) = line.strip_prefix("  ").or(line.is_empty().then_some("")) {
            Direction::Lines(content.to_owned())
        } else {
            Direction::Commands(line.to_owned())
        };
        match (parts.last_mut(), next) {
            (Some(Direction::Lines(before)), Direction::Lines(more))
            | (Some(Direction::Commands(before)), Direction::Commands(more)) => {
                before.push('\n');
                before.push_str(&more);
            }
            // A command goes on below itself, set in.
            (Some(Direction::Commands(before)), Direction::Lines(more)) => {
                before.push_str("\n  ");
                before.push_str(&more);
            }
            (_, next) => parts.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Direction, add_parts};

    #[test]
    fn words_files_and_commands_are_told_apart() {
        let told = "# write `a.yaml`:\n  x: 1\n  y:\n    z: 2\ncd a\ngit add a.yaml\nkey=$(x |\n  y)";
        let expected = [
            Direction::Words("write `a.yaml`:".to_owned()),
            Direction::Lines("x: 1\ny:\n  z: 2".to_owned()),
            Direction::Commands("cd a\ngit add a.yaml\nkey=$(x |\n  y)".to_owned()),
        ];
        let mut parts = Vec::new();
        add_parts(&mut parts, told);
        assert_eq!(parts, expected);
        add_parts(&mut parts, "ls");
        assert_eq!(parts.len(), 3, "commands that follow each other are typed in one go");
    }
}
