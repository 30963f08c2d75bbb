//! The order of steps over all tracks: every step comes after the one above it and after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::{Code, Finding, Place, did_you_mean};
use crate::scenario::workshop::Workshop;

/// The steps (`<track>.<step>`) that are complete before a step begins, by step.
pub(crate) type Reachable = BTreeMap<String, BTreeSet<String>>;

/// Checks `needs`, and tells what comes before what.
pub(crate) fn check(workshop: &Workshop, findings: &mut Vec<Finding>) -> Reachable {
    let edges = edges(workshop, findings);
    let mut reachable = Reachable::new();
    for step in edges.keys() {
        reachable.insert(step.clone(), before(step, &edges));
    }
    report_cycles(workshop, &reachable, findings);
    reachable
}

/// Every step and the steps directly before it.
fn edges(workshop: &Workshop, findings: &mut Vec<Finding>) -> BTreeMap<String, Vec<String>> {
    let names: Vec<String> = workshop
        .scenarios
        .iter()
        .flat_map(|(track, scenario)| {
            scenario.steps.iter().map(move |step| format!("{track}.{}", step.id.value))
        })
        .collect();
    let mut edges = BTreeMap::new();
    for (track, scenario) in &workshop.scenarios {
        let mut above: Option<String> = None;
        for step in &scenario.steps {
            let name = format!("{track}.{}", step.id.value);
            let mut direct: Vec<_> = above.take().into_iter().collect();
            for need in &step.needs {
                let track = need.value.split('.').next().unwrap_or_default();
                let unread = workshop.tracks.contains_key(track) && !workshop.scenarios.contains_key(track);
                if names.contains(&need.value) {
                    direct.push(need.value.clone());
                } else if !unread {
                    let place = Place { file: &scenario.file, source: &scenario.source, at: need.at };
                    let message = format!("`needs` names the step `{}`, which does not exist", need.value);
                    let others = names.iter().map(String::as_str).filter(|other| **other != name);
                    let help = did_you_mean(&need.value, others, "steps are");
                    findings.push(Finding::new(Code::UnknownStep, place, message).help(help));
                }
            }
            edges.insert(name.clone(), direct);
            above = Some(name);
        }
    }
    edges
}

fn before(step: &str, edges: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&String> = edges.get(step).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if found.insert(next.clone()) {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    found
}

fn report_cycles(workshop: &Workshop, reachable: &Reachable, findings: &mut Vec<Finding>) {
    let reaches = |from: &str, to: &str| reachable.get(from).is_some_and(|set| set.contains(to));
    for (track, scenario) in &workshop.scenarios {
        for step in &scenario.steps {
            let name = format!("{track}.{}", step.id.value);
            for need in &step.needs {
                if need.value == name || reaches(&need.value, &name) {
                    let place = Place { file: &scenario.file, source: &scenario.source, at: need.at };
                    let message = if need.value == name {
                        format!("`{name}` waits for itself")
                    } else {
                        format!("`{name}` and `{}` wait for each other", need.value)
                    };
                    let help = "a step comes after the one above it and after all that it needs".to_owned();
                    findings.push(Finding::new(Code::Cycle, place, message).help(help));
                }
            }
        }
    }
}
