//! All commands and the flags that they share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    artifact, audit, bench, bundle, chart, check, completions, config, credentials, doctor, down, env,
    explain, export, glossary, graph, handout, hint, image, learn, lint, list, logs, man, manifest, new,
    next, open, plan, present, recreate, rehearse, reset, sample, schema, serve, shell, skip, solve, start,
    status, stop, team, tracks, up, why,
};

/// The version with what it was built of and how.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit ",
    env!("ATELIER_BUILD_COMMIT"),
    "\nbuild ",
    env!("ATELIER_BUILD_PROFILE"),
    " for ",
    env!("ATELIER_BUILD_TARGET")
);

/// A GitOps workshop in a box
///
/// Sets up a lab (a Kubernetes cluster, a forge, Flux), takes people through tracks of a workshop, and removes
/// every trace afterwards.
#[derive(Debug, Parser)]
#[command(name = "atelier", version, long_version = LONG_VERSION, disable_help_subcommand = true)]
pub struct Arguments {
    /// What all commands share
    #[command(flatten)]
    pub(super) global: GlobalArguments,
    /// The command; alone, the program offers what there is to learn
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Flags of all commands.
#[derive(Clone, Debug, Args)]
pub(super) struct GlobalArguments {
    /// Name the lab, where there are several
    #[arg(long, global = true, env = "ATELIER_LAB", value_name = "NAME")]
    pub(super) lab: Option<String>,
    /// Choose the workshop
    #[arg(long, global = true, env = "ATELIER_WORKSHOP", value_name = "NAME")]
    pub(super) workshop: Option<String>,
    /// Read workshops from a folder instead of those that come with the program
    #[arg(long, global = true, env = "ATELIER_SCENARIOS", value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Keep state in this folder [default: `atelier` in the system's folder for state]
    #[arg(long, global = true, env = "ATELIER_HOME", value_name = "DIR", hide_env_values = true)]
    pub(super) home: Option<PathBuf>,
    /// Read the configuration from this file [default: `atelier.yaml` here or in your folder for configuration]
    #[arg(long, global = true, env = "ATELIER_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Set a setting that `atelier config` shows
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Trust a workshop that did not come with the program: its commands may run here
    #[arg(long, global = true)]
    pub(super) trust: bool,
    /// Print facts as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print plain lines, without colours
    #[arg(long, global = true)]
    pub(super) plain: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Set up a lab, or bring it back to what it should be
    Up(up::UpArgs),
    /// Show what runs
    Status(status::StatusArgs),
    /// Follow a track, in a terminal beside your own shell
    Learn(learn::LearnArgs),
    /// Show the next step, without the interactive screen
    Next(next::NextArgs),
    /// Look whether the step is done
    Check(check::CheckArgs),
    /// Give a hint for the step
    Hint(hint::HintArgs),
    /// Say what is missing, link by link
    Why(why::WhyArgs),
    /// Let the tool do the step, or all up to one
    Solve(solve::SolveArgs),
    /// Leave the step out
    Skip(skip::SkipArgs),
    /// Go back to the beginning of a step
    Reset(reset::ResetArgs),
    /// List the steps and how far they are
    List(list::ListArgs),
    /// Print what an actor's shell needs, for `eval "$(atelier env dev2)"`
    Env(env::EnvArgs),
    /// Open an actor's shell
    Shell(shell::ShellArgs),
    /// Make an application or the forge reachable for a browser and print the link
    Open(open::OpenArgs),
    /// Print what an actor signs in to the forge with
    Credentials(credentials::CredentialsArgs),
    /// Build images without Docker, and push them
    Image(image::ImageArgs),
    /// Check, render, package and push charts of Helm
    Chart(chart::ChartArgs),
    /// Push manifests as an artefact that Flux reads
    Artifact(artifact::ArtifactArgs),
    /// Take a workshop's images along in one file, to where there is no network
    Bundle(bundle::BundleArgs),
    /// Look at this machine and say what it lacks
    Doctor(doctor::DoctorArgs),
    /// Show what can be configured, what is in force, and where it comes from
    Config(config::ConfigArgs),
    /// Run tracks unattended and check every step
    Rehearse(rehearse::RehearseArgs),
    /// Print what a track would do, and run nothing
    Plan(plan::PlanArgs),
    /// Go through a track in front of people
    Present(present::PresentArgs),
    /// Show all tracks side by side
    Team(team::TeamArgs),
    /// List workshops and tracks
    Tracks(tracks::TracksArgs),
    /// Draw who does what to what
    Graph(graph::GraphArgs),
    /// Say what the words of a workshop mean
    Glossary(glossary::GlossaryArgs),
    /// Write a handout to print or to read
    Handout(handout::HandoutArgs),
    /// Say what a code of lint means
    Explain(explain::ExplainArgs),
    /// Write a workshop that works, to begin from
    New(new::NewArgs),
    /// Print the JSON schema of scenario files
    Schema(schema::SchemaArgs),
    /// Check scenario files
    Lint(lint::LintArgs),
    /// Show who changed what in the lab's clusters
    Audit(audit::AuditArgs),
    /// Show what the background process says
    Logs(logs::LogsArgs),
    /// Lose the cluster and make it anew; the repositories and the registry stay
    Recreate(recreate::RecreateArgs),
    /// Print the manifest of what a lesson installs
    Manifest(manifest::ManifestArgs),
    /// Stop the lab and keep everything in it
    Stop(stop::StopArgs),
    /// Start a stopped lab again
    Start(start::StartArgs),
    /// Take repositories, working folders and journals home
    Export(export::ExportArgs),
    /// Remove the lab and every trace of it
    Down(down::DownArgs),
    /// Print what a shell needs to complete words
    Completions(completions::CompletionsArgs),
    /// Write the manual's pages into a folder
    Man(man::ManArgs),
    /// Measure the numbers that this project promises
    Bench(bench::BenchArgs),
    /// Be a sample application
    #[command(hide = true)]
    Sample(sample::SampleArgs),
    /// Be the background process of a lab
    #[command(hide = true)]
    Serve(serve::ServeArgs),
}
