//! `atelier chart`: charts of Helm, without Helm.

mod lint;
mod package;
mod push;
mod template;
mod values;

use clap::{Args, Subcommand};

use super::global::Global;
use crate::error::Failure;

/// Check, render, package and push charts of Helm
#[derive(Debug, Args)]
pub(super) struct ChartArgs {
    #[command(subcommand)]
    command: Command,
}

/// What is done with charts.
#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with charts, as `helm lint` does
    Lint(lint::LintArgs),
    /// Print what a chart comes to, as `helm template` does
    Template(template::TemplateArgs),
    /// Pack charts into archives, as `helm package` does
    Package(package::PackageArgs),
    /// Push a chart to the lab's registry
    Push(push::PushArgs),
}

pub(super) async fn run(global: &Global, args: ChartArgs) -> Result<u8, Failure> {
    match args.command {
        Command::Lint(args) => lint::run(global, args),
        Command::Template(args) => template::run(global, args),
        Command::Package(args) => package::run(global, args),
        Command::Push(args) => push::run(global, args).await,
    }
}
