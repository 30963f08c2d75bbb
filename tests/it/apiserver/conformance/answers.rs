//! The files in `answers/`: for every case its name after `#`, and a line for every step with the code, the headers
//! where there are any, and the body.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::case::Case;
use super::play::Answer;

/// The answers by the name of the case.
pub(super) type Answers = BTreeMap<String, Vec<Answer>>;

/// Reads a file of answers.
pub(super) fn read(text: &str) -> Answers {
    let mut answers = Answers::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(next) = line.strip_prefix("# ") {
            next.clone_into(&mut name);
        } else {
            answers.entry(name.clone()).or_default().push(answer(line));
        }
    }
    answers
}

fn answer(line: &str) -> Answer {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().unwrap_or_default();
    let (code, headers, body) = (part(), part(), part());
    let headers: Map<String, Value> = serde_json::from_str(headers).unwrap_or_default();
    Answer { code: code.parse().unwrap(), headers, body: serde_json::from_str(body).unwrap_or_default() }
}

/// Writes a file of answers, in the order of the cases.
pub(super) fn write(cases: &[Case], answers: &Answers) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = writeln!(text, "# {}", case.name);
        for Answer { code, headers, body } in &answers[&case.name] {
            let headers =
                if headers.is_empty() { String::new() } else { Value::from(headers.clone()).to_string() };
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let _ = writeln!(text, "{}", format!("{code}\t{headers}\t{body}").trim_end());
        }
    }
    text
}
