//! `atelier image push`: pushes what `atelier image build` has built.

use clap::Args;
use serde_json::json;

use super::build::tag_of;
use crate::cli::acting::{Acting, AsArgs};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Push an image that was built
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// Its name: `OWNER/NAME:TAG`
    name: String,
    #[command(flatten)]
    actor: AsArgs,
}

pub(super) async fn run(global: &Global, args: PushArgs) -> Result<u8, Failure> {
    let acting = Acting::open(global, args.actor)?;
    let supply = acting.supply();
    let name = supply.reference(&args.name)?;
    let tag = tag_of(&name)?;
    let layout = acting.layout();
    let Some(packed) = layout.get(&name.short())? else {
        let built = layout.names()?;
        let hint = if built.is_empty() {
            format!("`atelier image build FOLDER --tag {}` builds it", name.short())
        } else {
            format!(
                "built were {}",
                built.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")
            )
        };
        return Err(
            Failure::new(Kind::Arguments, format!("no image `{}` was built", name.short())).hint(hint)
        );
    };
    let changed = supply.remote(&name.name).push(&tag, &packed).await?;
    let digest = packed.digest();
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"name": name.short(), "digest": digest, "changed": changed}));
        return Ok(0);
    }
    global.ui.data(&format!("{}@{digest}\n", name.short()));
    if !changed {
        global.ui.talk("the registry had it already");
    }
    Ok(0)
}
