//! `atelier image`: images, built without Docker and pushed to the lab's registry.

mod build;
mod inspect;
mod push;

use clap::{Args, Subcommand};

use super::global::Global;
use crate::error::Failure;

/// Build images without Docker, and push them
#[derive(Debug, Args)]
pub(super) struct ImageArgs {
    #[command(subcommand)]
    command: Command,
}

/// What is done with images.
#[derive(Debug, Subcommand)]
enum Command {
    /// Build an image of a folder and keep it, to be pushed
    Build(Box<build::BuildArgs>),
    /// Push an image that was built
    Push(push::PushArgs),
    /// Show what an image is made of, whether it was pushed or not
    Inspect(inspect::InspectArgs),
}

pub(super) async fn run(global: &Global, args: ImageArgs) -> Result<u8, Failure> {
    match args.command {
        Command::Build(args) => build::run(global, *args).await,
        Command::Push(args) => push::run(global, args).await,
        Command::Inspect(args) => inspect::run(global, args).await,
    }
}
