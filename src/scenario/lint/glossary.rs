//! The glossary of a workshop and the words that texts mark: each defined once, shortly, and used.

use std::collections::BTreeMap;

use super::{Code, Finding, Place, did_you_mean, inside};
use crate::scenario::glossary::{anchor, is_meant, marks};
use crate::scenario::model::{Scenario, Step, Text, WorkshopFile};

/// The longest text of a word, in words.
const WORDS: usize = 40;

/// Looks at the glossary of `workshop.yaml`, and at the marks in every text.
pub(crate) fn check_glossary(
    file: &str,
    source: &str,
    workshop: &WorkshopFile,
    scenarios: &BTreeMap<String, Scenario>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = |text: &Text| Place { file, source, at: text.at };
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for (name, term) in &workshop.glossary {
        let words = term.text.split_whitespace().count();
        if words > WORDS {
            let message = format!("`{name}` is explained with {words} words; people read {WORDS}");
            let finding = Finding::new(Code::LongTerm, place(&term.text), message);
            findings.push(finding.help("one idea, and other words where it needs them".to_owned()));
        }
        let spellings = std::iter::once((name.as_str(), &term.text));
        for (spelling, text) in spellings.chain(term.also.iter().map(|also| (also.value.as_str(), also))) {
            if let Some(other) = known.insert(anchor(spelling), name) {
                let message = format!("`{spelling}` is defined already, by `{other}`");
                let finding = Finding::new(Code::DuplicateTerm, place(text), message);
                findings.push(finding.help("keep one of the two".to_owned()));
            }
        }
    }
    let texts = workshop.summary.iter().chain(workshop.glossary.values().map(|term| &term.text));
    unknown(texts, file, source, &known, &mut findings);
    for scenario in scenarios.values() {
        let steps = scenario.steps.iter().flat_map(|step| texts_of(step));
        let texts = scenario.summary.iter().chain(steps);
        unknown(texts, &scenario.file, &scenario.source, &known, &mut findings);
    }
    // A track that could not be read may mark anything.
    if scenarios.len() == workshop.tracks.len() {
        let explains = || scenarios.values().flat_map(|one| one.steps.iter().map(|step| &step.explain));
        for (name, term) in &workshop.glossary {
            let marked = explains().any(|text| marks(text).any(|mark| is_meant(mark.anchor, name, term)));
            if !marked {
                let message = format!("no step marks `{name}`");
                let finding = Finding::new(Code::UnusedTerm, place(&term.text), message);
                let help = format!("where it comes first, write `[{name}](#{})`", anchor(name));
                findings.push(finding.help(help));
            }
        }
    }
    findings
}

/// The texts of a step that people read.
fn texts_of(step: &Step) -> impl Iterator<Item = &Text> {
    let texts = [Some(&step.explain), step.while_waiting.as_ref(), step.notes.as_ref()];
    let hints = step.hints.iter().map(|hint| &hint.text);
    texts.into_iter().flatten().chain(&step.solution).chain(hints)
}

/// Marks that lead nowhere.
fn unknown<'a>(
    texts: impl Iterator<Item = &'a Text>,
    file: &str,
    source: &str,
    known: &BTreeMap<String, &str>,
    findings: &mut Vec<Finding>,
) {
    for text in texts {
        for mark in marks(text).filter(|mark| !known.contains_key(&anchor(mark.anchor))) {
            let before = &text[..mark.start];
            let line = before.matches('\n').count();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
            let at = inside(source, text.at, line, column);
            let message =
                format!("`{}` is marked as a word, and nobody defines `{}`", mark.word, mark.anchor);
            let help = did_you_mean(mark.anchor, known.keys().map(String::as_str), "`glossary` has");
            findings.push(Finding::new(Code::UnknownTerm, Place { file, source, at }, message).help(help));
        }
    }
}
