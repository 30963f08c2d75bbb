//! `atelier lint`: checks scenario files and says for each mistake where it is and what would be right.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::{Finding, Library, Severity, lint};
use crate::ui::{Mode, caret};

/// Check scenario files
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// A folder of workshops, or of one [default: those that come with the program]
    path: Option<PathBuf>,
}

pub(super) fn run(global: &Global, args: LintArgs) -> Result<u8, Failure> {
    let library = match &args.path {
        Some(path) if !path.is_dir() => {
            return Err(Failure::new(Kind::Arguments, format!("`{}` is not a folder", path.display()))
                .hint("name a folder of workshops, each with a `workshop.yaml`"));
        }
        Some(path) => Library::directory(path),
        None => global.library(None)?,
    };
    let workshops = library.workshops();
    if workshops.is_empty() {
        let place = args.path.map(|path| format!(" in `{}`", path.display())).unwrap_or_default();
        return Err(Failure::new(Kind::Scenario, format!("there is no workshop{place}"))
            .hint("a workshop is a folder with a `workshop.yaml`"));
    }
    let findings = lint(&library, None);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"workshops": workshops, "findings": findings}));
    } else {
        for finding in &findings {
            global.ui.data(&(show(finding) + "\n"));
        }
        let warnings = findings.len() - errors;
        let names = workshops.join(", ");
        global.ui.talk(&format!("{names}: {}, {}", count(errors, "mistake"), count(warnings, "warning")));
    }
    Ok(if errors == 0 { 0 } else { Kind::Scenario.exit_code() })
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Place and message on a line that editors understand, the line itself with a caret, and the advice.
fn show(finding: &Finding) -> String {
    let Finding { file, line, column, message, .. } = finding;
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{file}:{line}:{column}: {severity} {}: {message}\n", finding.code.name());
    if let Some(snippet) = &finding.snippet {
        text += &caret(*line, *column, snippet);
    }
    if let Some(help) = &finding.help {
        text.push_str("  help: ");
        text.push_str(help);
        text.push('\n');
    }
    text
}
