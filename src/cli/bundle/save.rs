//! `atelier bundle save`: writes what a workshop needs on the platform k3d into one file.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::open::{open, sizes};
use crate::cli::global::Global;
use crate::cli::material;
use crate::error::{Failure, Kind};
use crate::platform;
use crate::platform::k3d::{Order, save};
use crate::ui::Mode;

/// Write a bundle for the platform k3d; after an interruption, the same command goes on
#[derive(Debug, Args)]
pub(super) struct SaveArgs {
    /// The file
    file: PathBuf,
    /// For machines of this architecture, such as `amd64`; may be given several times [default: the engine's]
    #[arg(long, value_name = "NAME")]
    architecture: Vec<String>,
    /// Leave the work environment out, which is there otherwise if Docker has it
    #[arg(long)]
    without_workspace: bool,
}

pub(super) async fn run(global: &Global, args: SaveArgs) -> Result<u8, Failure> {
    let file = std::path::absolute(&args.file).map_err(|error| Failure::new(Kind::Machine, error))?;
    if file.is_dir() {
        let text = format!("`{}` is a folder", file.display());
        return Err(Failure::new(Kind::Arguments, text).hint("name a file: `atelier bundle save one.bundle`"));
    }
    let lab = global.lab()?;
    let known = lab.spec().ok();
    let workshop = global.workshop(known.as_ref());
    let material = material::load(global, lab.name(), platform::Kind::K3d, &workshop, known.as_ref())?;
    let mut architectures = args.architecture;
    architectures.sort();
    architectures.dedup();
    let order = Order {
        file: file.clone(),
        workshop,
        images: material.spec.foreign_images(),
        operator: material.spec.needs_operator(),
        architectures,
        workspace: !args.without_workspace,
    };
    let events = global.ui.events();
    let tell = move |text: String| events.note(text);
    tokio::select! {
        saved = save(&material.settings, global.home.path(), &order, &tell) => drop(saved?),
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(Kind::Interrupted, "interrupted").hint(
                "what is at hand is kept beside the file: the same command goes on from here",
            ));
        }
    }
    let bundle = open(&file.display().to_string()).await?;
    let (index, length) = (bundle.index(), bundle.length());
    if global.ui.mode() == Mode::Json {
        let parts = index
            .parts()
            .into_iter()
            .map(|(part, count, bytes)| json!({"part": part, "count": count, "bytes": bytes}));
        global.ui.document(&json!({"file": file, "digest": bundle.digest(), "bytes": length,
            "workshop": index.workshop, "architectures": index.architectures, "parts": parts.collect::<Vec<_>>()}));
        return Ok(0);
    }
    global.ui.data(&sizes(index, length));
    global.ui.talk(&format!("bundle {} of workshop {}: {}", bundle.digest(), index.workshop, file.display()));
    Ok(0)
}
