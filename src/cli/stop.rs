//! `atelier stop`: stops the lab and keeps everything in it.

use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::Failure;
use crate::events::Outcome;
use crate::lab::Lock;
use crate::platform::k3d::{self, Site};
use crate::platform::{Kind, embedded};
use crate::ui::Mode;

/// Stop the lab and keep everything in it
#[derive(Debug, Args)]
pub(super) struct StopArgs {}

pub(super) async fn run(global: &Global, _args: StopArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.existing_lab()?;
    let _lock = Lock::take(&folder, "stop")?;
    let outcome = match spec.platform {
        Kind::Embedded => embedded::Folder::new(folder.platform()).stop().await?,
        Kind::K3d => {
            let settings = global.configuration(Some(&folder))?.settings()?;
            let place = k3d::Folder::new(folder.platform());
            let site = Site::open(place, folder.name(), global.home.path(), &settings).await?;
            if site.stop().await? { Outcome::Removed } else { Outcome::Unchanged }
        }
    };
    let name = folder.name();
    if global.ui.mode() == Mode::Json {
        let word = if outcome == Outcome::Unchanged { "unchanged" } else { "stopped" };
        global.ui.document(&json!({"lab": name, "outcome": word}));
    } else if outcome == Outcome::Unchanged {
        global.ui.data(&format!("lab {name} is stopped already\n"));
    } else {
        global.ui.data(&format!("lab {name} is stopped; `atelier start` starts it again\n"));
    }
    Ok(0)
}
