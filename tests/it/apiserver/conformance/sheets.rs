//! The files: cases, answers and the list of differences that stay.

use std::path::PathBuf;

use serde::Deserialize;

use super::answers::{self, Answers};
use super::case::{self, Case};
use crate::support::source::package;

/// A step in which we differ from the real server, for a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// The file of cases.
    pub(super) sheet: String,
    /// The name of the case.
    pub(super) case: String,
    /// Which step, from 1.
    pub(super) step: usize,
    /// Why it stays.
    pub(super) reason: String,
}

fn folder() -> PathBuf {
    package().join("tests/it/apiserver/conformance")
}

/// The names of all files of cases, sorted.
pub(super) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder().join("cases")).unwrap();
    let stem = |file: std::fs::DirEntry| file.path().file_stem().unwrap().to_string_lossy().into_owned();
    let mut names: Vec<_> = files.map(|file| stem(file.unwrap())).collect();
    names.sort();
    names
}

/// The cases of a file.
pub(super) fn cases(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases").join(format!("{name}.yaml"))).unwrap();
    case::read(name, &text)
}

/// What a real server answered to them.
pub(super) fn recorded(name: &str) -> Answers {
    answers::read(&std::fs::read_to_string(answers_of(name)).unwrap_or_default())
}

/// Writes down what a real server answers to them.
pub(super) fn record(name: &str, cases: &[Case], answers: &Answers) {
    std::fs::write(answers_of(name), answers::write(cases, answers)).unwrap();
}

fn answers_of(name: &str) -> PathBuf {
    folder().join("answers").join(format!("{name}.txt"))
}

/// The differences that stay.
pub(super) fn known() -> Vec<Known> {
    let text = std::fs::read_to_string(folder().join("differences.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}
