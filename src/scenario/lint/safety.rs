//! What works and is unwise: commands that nothing undoes, secrets in texts, commands that could be actions, two
//! tracks that write the same path, estimates that do not add up.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::graph::Reachable;
use super::{Code, Finding, Place};
use crate::scenario::actions::{Action, Commit, Effects, Run};
use crate::scenario::checks::{Check, asking_image};
use crate::scenario::model::{At, Placed, Scenario, Step, Text};
use crate::scenario::render::{Scope, render};
use crate::scenario::workshop::Workshop;

/// What looks like a secret: a value behind a telling name, or a password in an address.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?i)\b(password|passwd|token|secret|api_?key)\b\s*[=:]\s*['"]?[A-Za-z0-9+/_-]{8,}|://[^/\s:{]+:[^@\s{]{6,}@|\bgh[pousr]_[A-Za-z0-9]{20,}"#;
    Regex::new(pattern).expect("the pattern is one")
});
/// Commands that are actions of their own.
static TYPED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^\s*(kubectl(?:\s+-n\s+\S+)?\s+(?:apply|delete|scale)|git\s+(?:commit|push))\b";
    Regex::new(pattern).expect("the pattern is one")
});

/// Looks at one scenario.
pub(crate) fn check(scenario: &Scenario, findings: &mut Vec<Finding>) {
    let add = |code, at: At, message: String, help: &str| {
        let place = Place { file: &scenario.file, source: &scenario.source, at };
        Finding::new(code, place, message).help(help.to_owned())
    };
    for step in &scenario.steps {
        let remote = |run: &Run| run.effects == Effects::Remote && step.undo.is_empty();
        for action in &step.actions {
            let Action::Run(run) = &action.value else { continue };
            if remote(run) {
                let message = format!("nothing undoes this command of `{}`", step.id.value);
                findings.push(add(Code::NoUndo, run.cmd.at, message, "write `undo` for the step"));
            }
            if let Some(found) = TYPED.captures(&run.cmd).filter(|_| run.expect.exit.unwrap_or(0) == 0) {
                let words = found.get(1).map_or("", |words| words.as_str());
                let message = format!("`{words}` could be an action");
                let help = "an action is shown as the same command, and can be undone and repeated";
                findings.push(add(Code::Typed, run.cmd.at, message, help));
            }
        }
        for text in texts(step) {
            if SECRET.is_match(text) {
                let message = "this looks as if it held a secret".to_owned();
                findings.push(add(
                    Code::Secret,
                    text.at,
                    message,
                    "take it out: the actors have their tokens already",
                ));
            }
        }
    }
    let each: Vec<_> =
        scenario.steps.iter().map(|step| step.estimated.as_ref().map(|length| length.value.0)).collect();
    let sum: Option<Duration> = each.into_iter().sum();
    if let (Some(sum), Some(whole)) = (sum, &scenario.estimated) {
        let planned = whole.value.0;
        if sum > planned * 4 / 3 || sum * 4 / 3 < planned {
            let minutes = sum.as_secs() / 60;
            let message = format!("the steps come to {minutes}m");
            findings.push(add(
                Code::Estimate,
                whole.at,
                message,
                "write the sum, or look at the steps again",
            ));
        }
    }
}

/// Checks that ask from inside a namespace, where no image could ask.
pub(crate) fn askers(workshop: &Workshop, scenario: &Scenario, findings: &mut Vec<Finding>) {
    if asking_image(&workshop.images).is_some() {
        return;
    }
    let checks = scenario.steps.iter().flat_map(|step| &step.verify);
    for check in checks.filter(|check| matches!(&check.value, Check::Http(http) if http.from.is_some())) {
        let place = Place { file: &scenario.file, source: &scenario.source, at: check.at };
        let message = "from inside a namespace only a sample's image can ask, and the workshop has none";
        let help = "list one under `images`, with the behaviour `postcard` or `jukebox`".to_owned();
        findings.push(Finding::new(Code::Asker, place, message.to_owned()).help(help));
    }
}

/// The texts of a step that are shown.
fn texts(step: &Step) -> Vec<&Text> {
    let mut texts = vec![&step.explain];
    texts.extend([&step.notes, &step.solution, &step.while_waiting].into_iter().flatten());
    texts.extend(step.hints.iter().map(|hint| &hint.text));
    for action in &step.actions {
        match &action.value {
            Action::Run(run) => texts.extend([Some(&run.cmd), run.show.as_ref()].into_iter().flatten()),
            Action::Commit(commit) => {
                texts.extend(commit.files.iter().filter_map(|file| file.content.as_ref()));
            }
            Action::Apply(apply) => texts.extend(apply.content.as_ref()),
            _ => (),
        }
    }
    texts
}

/// One path that a step writes.
struct Write<'a> {
    scenario: &'a Scenario,
    step: String,
    track: &'a str,
    repository: String,
    path: String,
    at: At,
}

/// Looks for tracks that write the same path of a repository with no order between them.
pub(crate) fn races(workshop: &Workshop, reachable: &Reachable, findings: &mut Vec<Finding>) {
    let mut writes: Vec<Write<'_>> = Vec::new();
    for (track, scenario) in &workshop.scenarios {
        for step in &scenario.steps {
            for action in &step.actions {
                if let Action::Commit(commit) = &action.value {
                    writes.extend(written(workshop, track, scenario, step, commit));
                }
            }
        }
    }
    let before = |one: &str, other: &str| reachable.get(other).is_some_and(|set| set.contains(one));
    let inside = |one: &str, other: &str| {
        one == other || one.starts_with(&format!("{other}/")) || other.starts_with(&format!("{one}/"))
    };
    for (index, one) in writes.iter().enumerate() {
        let other = writes.iter().skip(index + 1).find(|other| {
            one.track != other.track
                && one.repository == other.repository
                && inside(&one.path, &other.path)
                && !before(&one.step, &other.step)
                && !before(&other.step, &one.step)
        });
        if let Some(other) = other {
            let place = Place { file: &one.scenario.file, source: &one.scenario.source, at: one.at };
            let message = format!(
                "`{}` writes `{}` of `{}`, too, in no order",
                other.step, other.path, other.repository
            );
            let help = format!("add `needs: [{}]` to one of them, or write another path", one.step);
            findings.push(Finding::new(Code::Race, place, message).help(help));
        }
    }
}

fn written<'a>(
    workshop: &Workshop,
    track: &'a str,
    scenario: &'a Scenario,
    step: &Placed<Step>,
    commit: &Commit,
) -> Vec<Write<'a>> {
    let scope = Scope::default().with("vars", serde_json::Value::Object(workshop.vars_of(track)));
    let text = |text: &Text| render(text, &scope).unwrap_or_else(|_| text.value.clone());
    let owner = workshop.actor_of(track).map(|actor| actor.name.clone()).unwrap_or_default();
    let name = text(&commit.repo);
    let repository = if name.contains('/') { name } else { format!("{owner}/{name}") };
    let paths = commit.files.iter().map(|file| &file.path).chain(&commit.remove);
    let write = |path: &Text| Write {
        scenario,
        step: format!("{track}.{}", step.id.value),
        track,
        repository: repository.clone(),
        path: text(path).trim_matches('/').to_owned(),
        at: path.at,
    };
    paths.map(write).collect()
}
