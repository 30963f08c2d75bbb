//! `atelier bundle load`: brings a bundle into this machine's engine, and its manifest to where labs look for it.

use clap::Args;
use serde_json::json;

use super::open::{images, open};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::platform::k3d::{Engine, load};
use crate::ui::Mode;

/// Bring a bundle into this machine's engine
#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    /// The file, or the address that `bundle serve` prints
    #[arg(value_name = "FILE|ADDRESS")]
    place: String,
}

pub(super) async fn run(global: &Global, args: LoadArgs) -> Result<u8, Failure> {
    let bundle = open(&args.place).await?;
    let settings = global.configuration(None)?.settings()?;
    let engine = Engine::connect(&settings.search).await.map_err(crate::platform::Error::from)?;
    let events = global.ui.events();
    let tell = move |text: String| events.note(text);
    let done = tokio::select! {
        done = load(&engine, &settings, global.home.path(), bundle.clone(), &tell) => done?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(Kind::Interrupted, "interrupted")
                .hint("the images that are in the engine stay: the same command goes on from here"));
        }
    };
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"loaded": done.loaded, "there": done.there, "manifest": done.manifest}));
        return Ok(0);
    }
    let there = if done.there.is_empty() {
        String::new()
    } else {
        format!("; {} were there", images(done.there.len()))
    };
    global.ui.talk(&format!("{} loaded{there}", images(done.loaded.len())));
    let workshop = &bundle.index().workshop;
    global
        .ui
        .talk(&format!("next: `atelier --workshop {workshop} up --bundle` and the same file or address"));
    Ok(0)
}
