//! `atelier chart lint`: what is wrong with charts, in the words of `helm lint`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::values::{ValuesArgs, archive};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::manifests::charts::{Capabilities, File, Finding, Severity, archive_files, folder_files, lint};
use crate::ui::Mode;

/// Say what is wrong with charts, as `helm lint` does
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Folders or archives of charts
    #[arg(required = true)]
    charts: Vec<PathBuf>,
    #[command(flatten)]
    values: ValuesArgs,
    /// Fail at warnings, too
    #[arg(long)]
    strict: bool,
    /// Print warnings and mistakes only
    #[arg(long)]
    quiet: bool,
    /// The namespace that templates are told
    #[arg(long, short, default_value = "default")]
    namespace: String,
}

/// What was found in one chart, or why nothing could be looked for.
struct Linted {
    path: String,
    findings: Result<Vec<Finding>, String>,
}

pub(super) fn run(global: &Global, args: LintArgs) -> Result<u8, Failure> {
    let values = args.values.read()?;
    let look = |path: &PathBuf| {
        let capabilities = Capabilities::default();
        let findings = files(path).map(|files| {
            let folder = std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string();
            lint(&folder, &files, &values, &args.namespace, &capabilities)
        });
        Linted { path: path.display().to_string(), findings }
    };
    let all = args.charts.iter().map(look).collect::<Vec<_>>();
    let least = if args.strict { Severity::Warning } else { Severity::Error };
    let failed = |one: &&Linted| match &one.findings {
        Ok(findings) => findings.iter().any(|finding| finding.severity >= least),
        Err(_) => true,
    };
    let failures = all.iter().filter(failed).count();
    if global.ui.mode() == Mode::Json {
        let charts = all.iter().map(|one| json!({"chart": one.path, "findings": found(one)}));
        global.ui.document(&json!({"failed": failures, "charts": charts.collect::<Vec<_>>()}));
    } else {
        show(global, &all, failures, args.quiet);
    }
    Ok(if failures == 0 { 0 } else { Kind::Scenario.exit_code() })
}

fn show(global: &Global, all: &[Linted], failures: usize, quiet: bool) {
    let grave = |one: &&Linted| match &one.findings {
        Ok(findings) => findings.iter().any(|finding| finding.severity > Severity::Info),
        Err(_) => true,
    };
    for one in all.iter().filter(|one| !quiet || grave(one)) {
        let mut text = format!("==> Linting {}\n", one.path);
        match &one.findings {
            Ok(findings) => {
                let shown = findings.iter().filter(|finding| !quiet || finding.severity > Severity::Info);
                text.extend(shown.map(|finding| format!("{finding}\n")));
            }
            Err(reason) => text.extend(["Error ", reason, "\n"]),
        }
        global.ui.data(&(text + "\n"));
    }
    let summary = format!("{} chart(s) linted, {failures} chart(s) failed", all.len());
    if failures > 0 {
        global.ui.talk(&format!("error: {summary}"));
    } else if !quiet || all.iter().any(|one| grave(&one)) {
        global.ui.data(&(summary + "\n"));
    }
}

fn found(one: &Linted) -> serde_json::Value {
    match &one.findings {
        Ok(findings) => {
            let word = |severity| match severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            let told = findings.iter().map(|finding| {
                json!({"severity": word(finding.severity), "path": finding.path, "message": finding.message})
            });
            told.collect()
        }
        Err(reason) => json!([{"severity": "error", "path": "", "message": reason}]),
    }
}

/// The files of a chart; it must have a `Chart.yaml`.
fn files(path: &Path) -> Result<Vec<File>, String> {
    if path.is_dir() || !path.exists() {
        let file = path.join("Chart.yaml");
        if let Err(error) = std::fs::metadata(&file) {
            let reason = if error.kind() == std::io::ErrorKind::NotFound {
                "no such file or directory".to_owned()
            } else {
                error.to_string()
            };
            return Err(format!(
                "unable to check Chart.yaml file in chart: stat {}: {reason}",
                file.display()
            ));
        }
        return folder_files(path).map_err(|error| error.to_string());
    }
    let bytes = archive(path).map_err(|failure| format!("unable to open tarball: {}", failure.source))?;
    archive_files(&bytes).map_err(|error| format!("unable to extract tarball: {error}"))
}
