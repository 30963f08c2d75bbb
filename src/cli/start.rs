//! `atelier start`: starts a stopped lab again, with the same ports, credentials and data.

use clap::Args;

use super::global::Global;
use super::up;
use crate::error::Failure;

/// Start a stopped lab again
#[derive(Debug, Args)]
pub(super) struct StartArgs {}

pub(super) async fn run(global: &Global, _args: StartArgs) -> Result<u8, Failure> {
    // Only a lab that is there can be started; everything else is what `up` does.
    global.existing_lab()?;
    up::run(global, up::UpArgs::default()).await
}
