//! `atelier lint`: checks scenario files and says for each mistake where it is and what would be right.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::{Code, Finding, Library, Severity, lint};
use crate::ui::{Mode, caret};

/// Check scenario files
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// A folder of workshops, or of one [default: those that come with the program]
    path: Option<PathBuf>,
    /// For whom [default: people, or programs with `--json`]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the line and a caret
    Human,
    /// One JSON document
    Json,
    /// The format of static analysis, for code scanning
    Sarif,
    /// Annotations of GitHub's and Gitea's workflows
    Github,
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
    let format =
        args.format.unwrap_or(if global.ui.mode() == Mode::Json { Format::Json } else { Format::Human });
    match format {
        Format::Json => global.ui.document(&json!({"workshops": workshops, "findings": findings})),
        Format::Sarif => global.ui.document(&sarif(&findings)),
        Format::Github => global.ui.data(&findings.iter().map(annotation).collect::<String>()),
        Format::Human => (),
    }
    if format == Format::Human {
        for finding in &findings {
            global.ui.data(&(show(finding) + "\n"));
        }
        let warnings = findings.len() - errors;
        let names = workshops.join(", ");
        global.ui.talk(&format!("{names}: {}, {}", count(errors, "mistake"), count(warnings, "warning")));
    }
    Ok(if errors == 0 { 0 } else { Kind::Scenario.exit_code() })
}

/// <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
fn sarif(findings: &[Finding]) -> serde_json::Value {
    let level = |severity| if severity == Severity::Error { "error" } else { "warning" };
    let rules = Code::ALL.iter().map(|code| {
        json!({"id": code, "shortDescription": {"text": code.title()}, "fullDescription": {"text": code.explanation()},
            "defaultConfiguration": {"level": level(code.severity())}})
    });
    let results = findings.iter().map(|finding| {
        let help = finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        let region = json!({"startLine": finding.line.max(1), "startColumn": finding.column.max(1)});
        let location = json!({"artifactLocation": {"uri": finding.file}, "region": region});
        json!({"ruleId": finding.code, "level": level(finding.severity),
            "message": {"text": format!("{}{help}", finding.message)},
            "locations": [{"physicalLocation": location}]})
    });
    let tool = json!({"driver": {"name": "atelier", "version": env!("CARGO_PKG_VERSION"), "rules": rules.collect::<Vec<_>>()}});
    json!({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": tool, "results": results.collect::<Vec<_>>()}]})
}

/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
fn annotation(finding: &Finding) -> String {
    let Finding { file, line, column, message, code, .. } = finding;
    let word = if finding.severity == Severity::Error { "error" } else { "warning" };
    let help = finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let text = format!("{message}{help}").replace('%', "%25").replace('\n', "%0A");
    format!("::{word} file={file},line={line},col={column},title={}::{text}\n", code.name())
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
