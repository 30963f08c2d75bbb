//! `atelier bundle verify`: reads all of a bundle.

use clap::Args;
use serde_json::json;

use super::open::{megabytes, open, waiting};
use crate::cli::global::Global;
use crate::error::Failure;
use crate::ui::Mode;

/// Read all of a bundle and compare every part with its digest
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The file, or the address that `bundle serve` prints
    #[arg(value_name = "FILE|ADDRESS")]
    place: String,
}

pub(super) async fn run(global: &Global, args: VerifyArgs) -> Result<u8, Failure> {
    let bundle = open(&args.place).await?;
    let own = bundle.clone();
    waiting(move || own.verify(|_| ())).await??;
    let (blobs, length) = (bundle.index().blobs.len(), bundle.length());
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"digest": bundle.digest(), "blobs": blobs, "bytes": length}));
        return Ok(0);
    }
    global.ui.data(&format!("{}\n", bundle.digest()));
    global.ui.talk(&format!("{blobs} blobs, {}: all as they should be", megabytes(length)));
    Ok(0)
}
