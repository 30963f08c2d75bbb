//! All commands and the flags that they share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    audit, bench, config, credentials, doctor, down, env, learn, lint, logs, open, rehearse, sample, serve,
    shell, start, status, stop, up,
};

/// A GitOps workshop in a box
///
/// Sets up a lab (a Kubernetes cluster, a forge, Flux), takes people through tracks of a workshop, and removes
/// every trace afterwards.
#[derive(Debug, Parser)]
#[command(name = "atelier", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What all commands share
    #[command(flatten)]
    pub(super) global: GlobalArguments,
    /// The command
    #[command(subcommand)]
    pub(super) command: Command,
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
    /// Print what an actor's shell needs, for `eval "$(atelier env dev2)"`
    Env(env::EnvArgs),
    /// Open an actor's shell
    Shell(shell::ShellArgs),
    /// Make an application or the forge reachable for a browser and print the link
    Open(open::OpenArgs),
    /// Print what an actor signs in to the forge with
    Credentials(credentials::CredentialsArgs),
    /// Look at this machine and say what it lacks
    Doctor(doctor::DoctorArgs),
    /// Show what can be configured, what is in force, and where it comes from
    Config(config::ConfigArgs),
    /// Run tracks unattended and check every step
    Rehearse(rehearse::RehearseArgs),
    /// Check scenario files
    Lint(lint::LintArgs),
    /// Show who changed what in the lab's clusters
    Audit(audit::AuditArgs),
    /// Show what the background process says
    Logs(logs::LogsArgs),
    /// Stop the lab and keep everything in it
    Stop(stop::StopArgs),
    /// Start a stopped lab again
    Start(start::StartArgs),
    /// Remove the lab and every trace of it
    Down(down::DownArgs),
    /// Measure the numbers that this project promises
    Bench(bench::BenchArgs),
    /// Be a sample application
    #[command(hide = true)]
    Sample(sample::SampleArgs),
    /// Be the background process of a lab
    #[command(hide = true)]
    Serve(serve::ServeArgs),
}
