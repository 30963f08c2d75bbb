//! `atelier chart push`: pushes a chart, packed or not, to the lab's registry.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::package::VersionArgs;
use super::values::archive;
use crate::artifacts::Chart;
use crate::cli::acting::{Acting, AsArgs};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::ui::Mode;

/// Push a chart to the lab's registry
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// An archive, or a folder, which is packed first
    chart: PathBuf,
    /// Where it goes: `OWNER` or `OWNER/FOLDER`, also as `oci://HOST/OWNER/FOLDER`; the chart's name is added
    to: String,
    #[command(flatten)]
    versions: VersionArgs,
    #[command(flatten)]
    actor: AsArgs,
}

pub(super) async fn run(global: &Global, args: PushArgs) -> Result<u8, Failure> {
    let chart = if args.chart.is_dir() {
        args.versions.package(&args.chart)?
    } else if args.versions.is_given() {
        let text = format!("`{}` is packed: its version is fixed", args.chart.display());
        return Err(
            Failure::new(Kind::Arguments, text).hint("name the chart's folder to give it another version")
        );
    } else {
        Chart::from_archive(archive(&args.chart)?)?
    };
    let acting = Acting::open(global, args.actor)?;
    let supply = acting.supply();
    let to = args.to.trim_start_matches("oci://").trim_matches('/');
    let name = supply.reference(&format!("{to}/{}", chart.name))?;
    let packed = chart.packed();
    let changed = supply.remote(&name.name).push(&chart.tag(), &packed).await?;
    let (place, digest) = (format!("{}:{}", name.name, chart.tag()), packed.digest());
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({"name": place, "digest": digest, "changed": changed}));
        return Ok(0);
    }
    global.ui.data(&format!("Pushed: {place}\nDigest: {digest}\n"));
    Ok(0)
}
