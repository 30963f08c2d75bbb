//! Names, actors, repositories and files of one scenario, and what a step lacks for teaching.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::{Code, Finding, Place, did_you_mean};
use crate::scenario::actions::Action;
use crate::scenario::checks::Check;
use crate::scenario::model::{At, Part, Placed, Requires, Scenario, Step, Text, Versions};
use crate::scenario::render::is_template;
use crate::scenario::workshop::Workshop;

/// The longest text of a step, in words.
const WORDS: usize = 200;

/// Looks at one scenario.
pub(crate) fn check(workshop: &Workshop, scenario: &Scenario, findings: &mut Vec<Finding>) {
    let look = Look { workshop, scenario };
    let mut ids: BTreeMap<&str, At> = BTreeMap::new();
    for step in &scenario.steps {
        findings.extend(check_id(&step.id.value, look.place(step.id.at)));
        if let Some(first) = ids.insert(&step.id.value, step.id.at) {
            let message = format!("the step `{}` is there already, in line {}", step.id.value, first.line);
            findings.push(look.finding(Code::DuplicateId, step.id.at, message, "give it another id"));
        }
        if workshop.tracks.contains_key(&step.id.value) {
            let message = format!("the step `{}` has the name of a track", step.id.value);
            findings.push(look.finding(Code::DuplicateId, step.id.at, message, "give it another id"));
        }
        look.step(step, findings);
    }
    for action in &scenario.cleanup {
        look.action(action, findings);
    }
    look.tools(&scenario.requires, findings);
}

/// Whether an id can be used in templates and expressions, where `-` is minus.
pub(crate) fn check_id(id: &str, place: Place<'_>) -> Option<Finding> {
    let mut letters = id.chars();
    let first = letters.next().is_some_and(|letter| letter.is_ascii_lowercase());
    let rest = letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if first && rest && id.len() <= 60 {
        return None;
    }
    let help = "write small letters, digits and `_`, a letter first: templates read `-` as minus";
    Some(Finding::new(Code::BadId, place, format!("`{id}` is not an id")).help(help.to_owned()))
}

/// One scenario in its workshop.
struct Look<'a> {
    workshop: &'a Workshop,
    scenario: &'a Scenario,
}

impl<'a> Look<'a> {
    fn place(&self, at: At) -> Place<'a> {
        Place { file: &self.scenario.file, source: &self.scenario.source, at }
    }

    fn finding(&self, code: Code, at: At, message: String, help: &str) -> Finding {
        Finding::new(code, self.place(at), message).help(help.to_owned())
    }

    fn step(&self, step: &Placed<Step>, findings: &mut Vec<Finding>) {
        if step.verify.is_empty() {
            let message = format!("the step `{}` has no `verify`", step.id.value);
            findings.push(self.finding(
                Code::NoVerify,
                step.at,
                message,
                "add a check that fails until it is done",
            ));
        }
        if step.hints.is_empty() {
            let message = format!("the step `{}` has no hint", step.id.value);
            findings.push(self.finding(Code::NoHint, step.at, message, "name the commonest mistake"));
        }
        let words = step.explain.split_whitespace().count();
        if words > WORDS {
            let message = format!("the text has {words} words; people read {WORDS}");
            findings.push(self.finding(Code::LongText, step.explain.at, message, "one idea for each step"));
        }
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for (index, check) in step.verify.iter().enumerate() {
            let at = check.clauses().id.map_or(check.at, |id| id.at);
            let id = check.id(index);
            findings.extend(check_id(&id, self.place(at)));
            if !ids.insert(id.clone()) {
                let message = format!("this step has the check `{id}` already");
                findings.push(self.finding(Code::DuplicateId, at, message, "give it another id"));
            }
            self.check(check, findings);
        }
        for action in step.actions.iter().chain(&step.undo) {
            self.action(action, findings);
        }
        self.tools(&step.requires, findings);
    }

    /// Versions that are none.
    fn tools(&self, requires: &Requires, findings: &mut Vec<Finding>) {
        for (tool, wanted) in &requires.tools {
            if Versions::parse(wanted).is_none() {
                let message = format!("`{}` is not a version of `{tool}`", wanted.value);
                let help = "write `>=2.30`, or `>=2.4, <3`";
                findings.push(self.finding(Code::WrongValue, wanted.at, message, help));
            }
        }
    }

    fn action(&self, action: &Placed<Action>, findings: &mut Vec<Finding>) {
        self.parts(&action.parts(), findings);
        let wrong = match &action.value {
            Action::Reconcile(body) => one_of(&body.keys()),
            Action::Image(body) if body.base.is_some() && body.from.is_none() && body.folder.is_none() => {
                None
            }
            Action::Image(body) => {
                one_of(&[("from", body.from.is_some()), ("folder", body.folder.is_some())])
            }
            Action::Chart(body) => {
                one_of(&[("from", body.from.is_some()), ("folder", body.folder.is_some())])
            }
            Action::Apply(body) => {
                one_of(&[("from", body.from.is_some()), ("content", body.content.is_some())])
            }
            Action::Delete(body) => {
                one_of(&[("name", body.name.is_some()), ("labels", !body.labels.is_empty())])
            }
            Action::Commit(body) => body.files.iter().find_map(|file| {
                let ways = [
                    ("from", file.from.is_some()),
                    ("content", file.content.is_some()),
                    ("set", !file.set.is_empty()),
                ];
                one_of(&ways)
            }),
            Action::Wait(body) => {
                return self.check(&Placed { value: body.0.clone(), at: action.at }, findings);
            }
            _ => None,
        };
        findings.extend(
            wrong.map(|message| self.finding(Code::Body, action.at, message, "write exactly one of them")),
        );
    }

    fn check(&self, check: &Placed<Check>, findings: &mut Vec<Finding>) {
        self.parts(&check.parts(), findings);
        self.body(check, findings);
    }

    fn body(&self, check: &Placed<Check>, findings: &mut Vec<Finding>) {
        let wrong = match &check.value {
            Check::Flux(body) => one_of(&body.keys()),
            Check::Any(body) | Check::All(body) => {
                body.of.iter().for_each(|check| self.body(check, findings));
                if body.of.is_empty() {
                    let help = "write the checks below `of`, each beginning with `- `";
                    findings.push(self.finding(Code::Body, check.at, "`of` names no check".to_owned(), help));
                }
                None
            }
            Check::Not(body) => {
                self.body(&body.of, findings);
                None
            }
            Check::Http(body) => one_of(&[("service", body.service.is_some()), ("url", body.url.is_some())]),
            // Some kinds have no labels worth a choice, such as Event: then a condition chooses.
            Check::K8s(body) if body.name.is_none() && body.labels.is_empty() && body.is_conditional() => {
                None
            }
            Check::K8s(body) => one_of(&[("name", body.name.is_some()), ("labels", !body.labels.is_empty())]),
            _ => None,
        };
        findings.extend(
            wrong.map(|message| self.finding(Code::Body, check.at, message, "write exactly one of them")),
        );
    }

    fn parts(&self, parts: &[Part<'_>], findings: &mut Vec<Finding>) {
        for part in parts {
            match part {
                Part::Actor(text) => self.actor(text, findings),
                Part::File(text) => self.file(text, findings),
                Part::Pattern(text) if !is_template(text) => {
                    if let Err(error) = Regex::new(text) {
                        let reason = error.to_string();
                        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
                        let message = format!("`{}` is not a regular expression", text.value);
                        findings.push(self.finding(Code::Pattern, text.at, message, reason));
                    }
                }
                _ => (),
            }
        }
    }

    fn actor(&self, text: &Text, findings: &mut Vec<Finding>) {
        let known = || self.workshop.actors.iter().map(|actor| actor.name.as_str());
        if known().all(|name| name != text.value) {
            let message = format!("there is no actor `{}`", text.value);
            let help = did_you_mean(&text.value, known(), "actors are");
            findings.push(self.finding(Code::UnknownActor, text.at, message, &help));
        }
    }

    fn file(&self, text: &Text, findings: &mut Vec<Finding>) {
        if is_template(text) {
            return;
        }
        let message = match self.workshop.files.files(text) {
            Ok(found) if !found.is_empty() => return,
            Ok(_) => format!("there is no file or folder `{}` beside the scenario", text.value),
            Err(error) => format!("`{}` cannot be used: {error}", text.value),
        };
        let files = self.workshop.files.files("").unwrap_or_default();
        let known = files.iter().map(String::as_str).filter(|file| file.starts_with("files/"));
        let help = did_you_mean(&text.value, known, "files are");
        findings.push(self.finding(Code::MissingFile, text.at, message, &help));
    }
}

/// What is wrong when not exactly one of some keys is there.
fn one_of(keys: &[(&str, bool)]) -> Option<String> {
    let names = keys.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match keys.iter().filter(|(_, there)| *there).count() {
        0 => Some(format!("none of {names} is there")),
        1 => None,
        _ => Some(format!("more than one of {names} is there")),
    }
}
