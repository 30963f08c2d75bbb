//! `atelier bundle`: a workshop's images and the operator's manifest in one file, for rooms without a network.

mod card;
mod list;
mod load;
mod open;
mod save;
mod serve;
mod verify;

use clap::{Args, Subcommand};

pub(super) use open::open;

use super::global::Global;
use crate::error::Failure;

/// Take a workshop's images along in one file, to where there is no network
#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    command: Command,
}

/// What is done with bundles.
#[derive(Debug, Subcommand)]
enum Command {
    /// Write a bundle for the platform k3d; after an interruption, the same command goes on
    Save(save::SaveArgs),
    /// Read all of a bundle and compare every part with its digest
    Verify(verify::VerifyArgs),
    /// Show what a bundle holds
    List(list::ListArgs),
    /// Bring a bundle into this machine's engine
    Load(load::LoadArgs),
    /// Give a bundle to a room, over its own network
    Serve(serve::ServeArgs),
    /// Print a card with the commands for who takes part
    Card(card::CardArgs),
}

pub(super) async fn run(global: &Global, args: BundleArgs) -> Result<u8, Failure> {
    match args.command {
        Command::Save(args) => save::run(global, args).await,
        Command::Verify(args) => verify::run(global, args).await,
        Command::List(args) => list::run(global, args).await,
        Command::Load(args) => load::run(global, args).await,
        Command::Serve(args) => serve::run(global, args).await,
        Command::Card(args) => card::run(global, args).await,
    }
}
