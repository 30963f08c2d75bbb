//! Templates and expressions, tried on placeholders: every name that can be known at that point is there, and no
//! other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::graph::Reachable;
use super::{Code, Finding, Place, did_you_mean, inside};
use crate::scenario::checks::Check;
use crate::scenario::expression::{compile, misfit, variables};
use crate::scenario::model::{At, Part, Placed, Scenario, Step, Text};
use crate::scenario::render::{RenderError, Scope, is_template, render};
use crate::scenario::workshop::Workshop;

/// What stands for a value that is not known before the workshop runs.
const PLACEHOLDER: &str = "placeholder";

/// Looks at one scenario.
pub(crate) fn check(
    workshop: &Workshop,
    track: &str,
    scenario: &Scenario,
    reachable: &Reachable,
    findings: &mut Vec<Finding>,
) {
    let mut shape = Shape { workshop, track, scenario, facts: Map::new(), own: BTreeSet::new(), findings };
    let base = shape.scope();
    let texts = [Some(&scenario.title), scenario.summary.as_ref()];
    texts.into_iter().flatten().for_each(|text| shape.template(text, &base));
    for step in &scenario.steps {
        let name = format!("{track}.{}", step.id.value);
        shape.facts = facts_before(workshop, track, reachable.get(&name).unwrap_or(&BTreeSet::new()));
        shape.own.clear();
        shape.step(step);
    }
    let all = workshop.scenarios.get(track).into_iter().flat_map(|scenario| &scenario.steps);
    shape.facts =
        facts_before(workshop, track, &all.map(|step| format!("{track}.{}", step.id.value)).collect());
    shape.own.clear();
    let scope = shape.scope();
    for action in &scenario.cleanup {
        action.parts().iter().for_each(|part| shape.part(part, &scope));
    }
}

/// The facts that are known when the steps `before` are complete.
fn facts_before(workshop: &Workshop, track: &str, before: &BTreeSet<String>) -> Map<String, Value> {
    let mut facts = Map::new();
    for (other, scenario) in &workshop.scenarios {
        let mut steps = Map::new();
        for step in &scenario.steps {
            if before.contains(&format!("{other}.{}", step.id.value)) {
                steps.insert(step.id.value.clone(), Value::Object(facts_of(step, step.verify.len())));
            }
        }
        if other == track {
            facts.extend(steps);
        } else if !steps.is_empty() {
            facts.insert(other.clone(), Value::Object(steps));
        }
    }
    facts
}

/// The facts of a step's first `count` checks.
fn facts_of(step: &Step, count: usize) -> Map<String, Value> {
    let checks = step.verify.iter().enumerate().take(count);
    checks
        .map(|(index, check)| {
            let names = check.clauses().save.keys();
            let saved: Map<_, _> = names.map(|name| (name.clone(), json!(PLACEHOLDER))).collect();
            (check.id(index), Value::Object(saved))
        })
        .filter(|(_, saved)| saved.as_object().is_some_and(|saved| !saved.is_empty()))
        .collect()
}

/// One scenario, and what is known at the point that is looked at.
struct Shape<'a> {
    workshop: &'a Workshop,
    track: &'a str,
    scenario: &'a Scenario,
    facts: Map<String, Value>,
    /// Ids of the step's own checks; what they observe has no shape that is known before.
    own: BTreeSet<String>,
    findings: &'a mut Vec<Finding>,
}

impl Shape<'_> {
    fn scope(&self) -> Scope {
        let names = |names: &[&str]| -> Value {
            names.iter().map(|&name| (name.to_owned(), json!(PLACEHOLDER))).collect::<Map<_, _>>().into()
        };
        let mut scope = Map::new();
        scope.insert("vars".to_owned(), Value::Object(self.workshop.vars_of(self.track)));
        scope.insert("actor".to_owned(), names(&["name", "full_name", "email", "namespace"]));
        scope.insert("git".to_owned(), names(&["url"]));
        scope.insert("forge".to_owned(), names(&["url"]));
        scope.insert("registry".to_owned(), names(&["host", "local"]));
        scope.insert("work".to_owned(), names(&["dir"]));
        scope.insert("cluster".to_owned(), names(&["name", "url"]));
        scope.insert("facts".to_owned(), Value::Object(self.facts.clone()));
        Scope(scope)
    }

    fn step(&mut self, step: &Placed<Step>) {
        let scope = self.scope();
        let texts =
            [Some(&step.title), Some(&step.explain), step.while_waiting.as_ref(), step.notes.as_ref()];
        texts
            .into_iter()
            .chain([step.solution.as_ref()])
            .flatten()
            .for_each(|text| self.template(text, &scope));
        for action in step.actions.iter().chain(&step.undo) {
            action.parts().iter().for_each(|part| self.part(part, &scope));
        }
        for (index, check) in step.verify.iter().enumerate() {
            self.own_facts(step, index);
            let scope = self.scope();
            let message = check.clauses().message;
            let is_message = |text: &Text| message.is_some_and(|message| std::ptr::eq(message, text));
            for part in check.parts() {
                match part {
                    Part::Template(text) if is_message(text) => {
                        self.own_names(step, |shape| shape.template(text, &scope));
                    }
                    // What a check saves is known to its own later expressions only through the observed object.
                    part => self.part(&part, &scope),
                }
            }
        }
        self.own_facts(step, step.verify.len());
        let scope = self.scope();
        self.own_names(step, |shape| {
            for hint in &step.hints {
                shape.template(&hint.text, &scope);
                if let Some(when) = &hint.when {
                    let own: Vec<String> = shape.own.iter().cloned().collect();
                    shape.expression(when, &own.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        });
    }

    fn own_facts(&mut self, step: &Step, count: usize) {
        let facts = facts_of(step, count);
        if !facts.is_empty() {
            self.facts.insert(step.id.value.clone(), Value::Object(facts));
        }
    }

    fn own_names(&mut self, step: &Step, work: impl FnOnce(&mut Self)) {
        self.own = step
            .verify
            .iter()
            .enumerate()
            .map(|(index, check): (usize, &Placed<Check>)| check.id(index))
            .collect();
        work(self);
        self.own.clear();
    }

    fn part(&mut self, part: &Part<'_>, scope: &Scope) {
        match part {
            Part::Template(text) | Part::Pattern(text) | Part::File(text) => self.template(text, scope),
            Part::Repository(text) => {
                self.template(text, scope);
                self.repository(text, scope);
            }
            Part::Expression(text, names) => self.expression(text, names),
            Part::Tree(tree) => self.tree(&tree.value, tree.at, scope),
            Part::Actor(_) => (),
        }
    }

    fn tree(&mut self, tree: &Value, at: At, scope: &Scope) {
        match tree {
            Value::String(text) => {
                if let Err(error) = render(text, scope) {
                    self.undefined(&error, at);
                }
            }
            Value::Array(list) => list.iter().for_each(|item| self.tree(item, at, scope)),
            Value::Object(map) => map.values().for_each(|item| self.tree(item, at, scope)),
            _ => (),
        }
    }

    fn template(&mut self, text: &Text, scope: &Scope) {
        if let Err(error) = render(text, scope) {
            let at = inside(&self.scenario.source, text.at, error.line, error.column);
            self.undefined(&error, at);
        }
    }

    fn undefined(&mut self, error: &RenderError, at: At) {
        let Some(path) = &error.undefined else {
            let help = "text with the braces of another tool goes between `{% raw %}` and `{% endraw %}`";
            return self.add(Code::Template, at, error.message.clone(), help.to_owned());
        };
        let mut names = path.split('.');
        let first = names.next().unwrap_or_default();
        let unread = |track: &str| {
            self.workshop.tracks.contains_key(track) && !self.workshop.scenarios.contains_key(track)
        };
        if self.own.contains(first) || first == "facts" && names.next().is_some_and(unread) {
            return;
        }
        if first == "facts"
            && let Some(finding) = self.early_fact(path, error.whole.as_deref().unwrap_or(path))
        {
            return self.add(Code::EarlyFact, at, finding.0, finding.1);
        }
        let last = path.rsplit('.').next().unwrap_or(path);
        let own = self.own.iter().filter(|_| !path.contains('.'));
        let known = error.available.iter().chain(own).map(String::as_str);
        let help = did_you_mean(last, known, "defined here");
        self.add(Code::Undefined, at, error.message.clone(), help);
    }

    /// Whether a fact exists, but not yet: `missing` is the part of the path `whole` that is not there.
    fn early_fact(&self, missing: &str, whole: &str) -> Option<(String, String)> {
        let depth = missing.split('.').count();
        let names: Vec<_> = whole.split('.').skip(1).collect();
        let elsewhere = names.first().filter(|name| self.workshop.tracks.contains_key(**name));
        let message = || format!("`{whole}` is not known yet at this point");
        if let Some(track) = elsewhere {
            let step = names.get(1)?;
            // A track whose file could not be read has been told of already.
            let known = self.workshop.scenarios.get(*track)?.step(step).is_some();
            return (known && depth <= 3)
                .then(|| (message(), format!("add `needs: [{track}.{step}]` to this step")));
        }
        let step = self.scenario.step(names.first()?)?;
        let check = names.get(1)?;
        let saves = step.verify.iter().enumerate().any(|(index, own)| own.id(index) == **check);
        let help = "facts are known after the check that saves them has passed".to_owned();
        (saves && depth <= 3).then(|| (message(), help))
    }

    fn expression(&mut self, text: &Text, names: &[&str]) {
        let program = match compile(text) {
            Ok(program) => program,
            Err((message, line, column)) => {
                let at = inside(&self.scenario.source, text.at, line, column);
                let help = "expressions are CEL, as in Kubernetes".to_owned();
                return self.add(Code::Expression, at, message, help);
            }
        };
        if let Some(message) = misfit(&program) {
            let help = "expressions are CEL, as in Kubernetes".to_owned();
            self.add(Code::Expression, text.at, message, help);
        }
        for name in variables(&program) {
            let declared = text.contains(&format!("({name},")) || text.contains(&format!("({name} ,"));
            if name != "facts"
                && name != "vars"
                && name != "actor"
                && !names.contains(&name.as_str())
                && !declared
            {
                let known = names.iter().copied().chain(["facts", "vars", "actor"]);
                let message = format!("`{name}` is not defined in this expression");
                self.add(Code::UnknownVariable, text.at, message, did_you_mean(&name, known, "defined here"));
            }
        }
        self.facts_of_expression(text);
    }

    /// Facts in an expression are dotted paths, as in a template.
    fn facts_of_expression(&mut self, text: &Text) {
        let part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
        for (start, _) in text.match_indices("facts.") {
            if text[..start].ends_with(part) {
                continue;
            }
            let path = text[start..].split(|letter| !part(letter)).next().unwrap_or_default();
            let trial = format!("{{{{ {path} }}}}");
            if let Err(error) = render(&trial, &self.scope()) {
                let at = inside(&self.scenario.source, text.at, 0, text[..start].chars().count());
                self.undefined(&error, at);
            }
        }
    }

    fn repository(&mut self, text: &Text, scope: &Scope) {
        let Some(owner) = self.workshop.actor_of(self.track).map(|actor| actor.name.as_str()) else { return };
        let Ok(name) = render(text, scope) else { return };
        if is_template(text) && name.contains(PLACEHOLDER) {
            return;
        }
        let full = if name.contains('/') { name } else { format!("{owner}/{name}") };
        let known: Vec<_> = self
            .workshop
            .repositories
            .iter()
            .map(|one| format!("{}/{}", one.owner.value, one.name.value))
            .collect();
        if !known.contains(&full) {
            let help = did_you_mean(&full, known.iter().map(String::as_str), "set-up makes");
            self.add(Code::UnknownRepository, text.at, format!("there is no repository `{full}`"), help);
        }
    }

    fn add(&mut self, code: Code, at: At, message: String, help: String) {
        let place = Place { file: &self.scenario.file, source: &self.scenario.source, at };
        self.findings.push(Finding::new(code, place, message).help(help));
    }
}
