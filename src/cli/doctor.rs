//! `atelier doctor`: looks at the machine and says what it lacks for which platform, each with what to do.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::install;
use crate::error::{Failure, Kind};
use crate::platform::k3d::{self, Finding, Level, Machine};
use crate::process::Command;
use crate::scenario::lack_of_tool;
use crate::ui::{Mode, table};

/// Programs that the lessons use where they are there.
const TOOLS: [(&str, &[&str], bool); 4] = [
    ("git", &["--version"], true),
    ("kubectl", &["version", "--client"], true),
    ("flux", &["--version"], false),
    ("helm", &["version", "--short"], false),
];

/// Look at this machine and say what it lacks
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// For which platform
    #[arg(long, env = "ATELIER_PLATFORM", value_name = "PLATFORM", value_parser = ["embedded", "k3d"])]
    platform: Option<String>,
}

pub(super) async fn run(global: &Global, args: DoctorArgs) -> Result<u8, Failure> {
    let configuration = global.configuration(None)?;
    let mut findings = tools(&wanted(global)).await;
    if args.platform.as_deref() != Some("embedded") {
        let machine = Machine::look(global.home.path(), proxies());
        let found = k3d::examine(&configuration.settings()?, &machine).await;
        findings.extend(found.into_iter().map(with_command));
    }
    // What k3d lacks is only grave for who wants k3d.
    let meant = args.platform.as_deref().or(configuration.platform.as_deref()) == Some("k3d");
    let wrong = findings.iter().any(|finding| finding.level == Level::Problem);
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"ready": !wrong, "findings": findings}));
    } else {
        let row = |finding: &Finding| {
            let advice = finding.advice.clone().unwrap_or_default();
            vec![mark(finding.level).to_owned(), finding.what.clone(), finding.found.clone(), advice]
        };
        global.ui.data(&table(&findings.iter().map(row).collect::<Vec<_>>()));
        if wrong && !meant {
            global.ui.talk("the embedded platform needs none of this but git and kubectl: `atelier up`");
        }
    }
    Ok(if wrong && meant { Kind::Machine.exit_code() } else { 0 })
}

fn mark(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}

/// The versions that the workshop wants of tools. What is wrong with the material is for `lint` to say.
fn wanted(global: &Global) -> BTreeMap<String, Vec<String>> {
    let mut wanted = BTreeMap::<String, Vec<String>>::new();
    let Ok(library) = global.library(None) else { return wanted };
    let Ok(workshop) = library.workshop(&global.workshop(None)) else { return wanted };
    let scenarios = workshop.scenarios.values();
    let steps = scenarios.clone().flat_map(|scenario| scenario.steps.iter().map(|step| &step.requires));
    let all = scenarios.map(|scenario| &scenario.requires).chain(steps).map(|requires| &requires.tools);
    for (tool, versions) in all.chain([&workshop.environment.tools]).flatten() {
        wanted.entry(tool.clone()).or_default().push(versions.value.clone());
    }
    wanted
}

async fn tools(wanted: &BTreeMap<String, Vec<String>>) -> Vec<Finding> {
    let asked = TOOLS.into_iter().map(async |(program, arguments, needed)| {
        match Command::new(program).args(arguments.iter().copied()).output().await {
            Ok(output) if output.code == 0 => {
                for versions in wanted.get(program).into_iter().flatten() {
                    if let Some(lack) = lack_of_tool(program, versions).await {
                        return Finding::warning(program, lack, install::advice(program));
                    }
                }
                Finding::good(program, output.stdout.lines().next().unwrap_or_default().trim())
            }
            Ok(output) => {
                let text = format!("`{program}` ends with exit code {}", output.code);
                Finding::warning(program, text, format!("install it anew: {}", install::advice(program)))
            }
            Err(error) if needed => Finding::warning(
                program,
                error.to_string(),
                format!("the lessons use it: {}", install::advice(program)),
            ),
            Err(_) => Finding::good(program, "not here; lessons that use it say how else"),
        }
    });
    futures::future::join_all(asked).await
}

/// What is said of a program that is missing or too old, with the command that installs it here.
fn with_command(mut finding: Finding) -> Finding {
    let program = match finding.what.as_str() {
        "k3d" => "k3d",
        "engine" if which::which("docker").is_err() && which::which("podman").is_err() => "docker",
        _ => return finding,
    };
    if let (Level::Problem, Some(advice)) = (finding.level, &finding.advice) {
        finding.advice = Some(format!("{advice}; to install it: {}", install::advice(program)));
    }
    finding
}

/// The proxy variables that are set; their values may hold a password.
fn proxies() -> Vec<String> {
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.iter().filter(|name| set(name)).map(|name| (*name).to_owned()).collect()
}
