//! The whole of lint: loads, and looks at what loads.

use std::collections::BTreeMap;

use super::{Code, Finding, Place, did_you_mean, graph, safety, steps, templates};
use crate::scenario::library::Library;
use crate::scenario::model::{At, Scenario, Text, WorkshopFile};
use crate::scenario::workshop::Workshop;

/// What all files of this version say.
const API_VERSION: &str = "atelier/v1";

/// Looks at one workshop, or at all of a library.
pub fn lint(library: &Library, workshop: Option<&str>) -> Vec<Finding> {
    let names = workshop.map_or_else(|| library.workshops(), |name| vec![name.to_owned()]);
    let mut findings = Vec::new();
    for name in names {
        let (found, mut mistakes) = library.read(&name);
        if let Some(workshop) = &found {
            findings_of(workshop, &mut mistakes);
        }
        findings.append(&mut mistakes);
    }
    let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.column, finding.code);
    findings.sort_by_key(place);
    findings.dedup();
    findings
}

fn findings_of(workshop: &Workshop, findings: &mut Vec<Finding>) {
    for scenario in workshop.scenarios.values() {
        steps::check(workshop, scenario, findings);
        safety::check(scenario, findings);
        safety::askers(workshop, scenario, findings);
    }
    let reachable = graph::check(workshop, findings);
    safety::races(workshop, &reachable, findings);
    for (track, scenario) in &workshop.scenarios {
        templates::check(workshop, track, scenario, &reachable, findings);
    }
}

/// Checks that a file is for this program, in this version.
pub(crate) fn check_header(
    file: &str,
    source: &str,
    version: &Text,
    kind: &Text,
    wanted: &str,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if version.value != API_VERSION {
        let place = Place { file, source, at: version.at };
        findings.push(other_version(place, &version.value));
    }
    if kind.value != wanted {
        let place = Place { file, source, at: kind.at };
        let message = format!("`kind` is `{}`, not `{wanted}`", kind.value);
        findings.push(Finding::new(Code::Version, place, message).help(format!("write `kind: {wanted}`")));
    }
    findings
}

/// A file of another version of the format. One that is newer says what is needed to read it.
pub(crate) fn other_version(place: Place<'_>, version: &str) -> Finding {
    let number = version.strip_prefix("atelier/v").and_then(|number| number.parse::<u32>().ok());
    if let Some(2..) = number {
        let message = format!("`apiVersion` is `{version}`, which is newer than this program");
        let help = format!("this program reads `{API_VERSION}`; get a newer `atelier`");
        Finding::new(Code::Version, place, message).help(help)
    } else {
        let message = format!("`apiVersion` is `{version}`, which this program does not know");
        Finding::new(Code::Version, place, message).help(format!("this program reads `{API_VERSION}`"))
    }
}

/// The version that a file says, where it is another one: what else is wrong with it then means nothing.
pub(crate) fn version_of(source: &str) -> Option<(At, &str)> {
    source.lines().enumerate().find_map(|(index, line)| {
        let value = line.trim_start_matches('\u{feff}').strip_prefix("apiVersion:")?;
        let column = line.chars().count() - value.trim_start().chars().count() + 1;
        let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
        let other = value.starts_with("atelier/") && value != API_VERSION;
        other.then_some((At { line: index + 1, column }, value))
    })
}

/// Checks that every track has an actor, and that names can be used in templates.
pub(crate) fn check_actors(
    file: &str,
    source: &str,
    workshop: &WorkshopFile,
    scenarios: &BTreeMap<String, Scenario>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known = || workshop.actors.keys().map(String::as_str);
    for (name, track) in &workshop.tracks {
        let actor = track.actor.as_ref().map_or(name.as_str(), |actor| actor.value.as_str());
        let at = track.actor.as_ref().map_or(track.at, |actor| actor.at);
        if !workshop.actors.contains_key(actor) {
            let message = format!("the track `{name}` has the actor `{actor}`, who does not exist");
            let finding = Finding::new(Code::UnknownActor, Place { file, source, at }, message);
            findings.push(finding.help(did_you_mean(actor, known(), "actors are")));
        }
        if let Some(finding) = steps::check_id(name, Place { file, source, at: track.at }) {
            findings.push(finding);
        }
    }
    for (name, scenario) in scenarios {
        let track = scenario.track.as_ref().filter(|track| track.value != *name);
        for text in [Some(&scenario.id).filter(|id| id.value != *name), track].into_iter().flatten() {
            let place = Place { file: &scenario.file, source: &scenario.source, at: text.at };
            let message = format!("the file is that of the track `{name}`, and this says `{}`", text.value);
            findings.push(Finding::new(Code::BadId, place, message).help(format!("write `{name}`")));
        }
    }
    findings
}
