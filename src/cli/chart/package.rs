//! `atelier chart package`: packs charts into archives.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::artifacts::Chart;
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::manifests::charts::folder_files;
use crate::scenario::package_chart;
use crate::ui::Mode;

/// Pack charts into archives, as `helm package` does
///
/// The same files give the same archive.
#[derive(Debug, Args)]
pub(super) struct PackageArgs {
    /// Folders of charts
    #[arg(required = true)]
    charts: Vec<PathBuf>,
    /// Where archives go
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    destination: PathBuf,
    #[command(flatten)]
    versions: VersionArgs,
}

/// Other versions than those of `Chart.yaml`.
#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Give the chart another version
    #[arg(long)]
    version: Option<String>,
    /// Say another version of what it installs
    #[arg(long, value_name = "VERSION")]
    app_version: Option<String>,
}

impl VersionArgs {
    pub(super) fn is_given(&self) -> bool {
        self.version.is_some() || self.app_version.is_some()
    }

    /// Packages the chart of a folder.
    pub(super) fn package(&self, folder: &Path) -> Result<Chart, Failure> {
        if !folder.is_dir() {
            let text = format!("`{}` is not a folder", folder.display());
            return Err(Failure::new(Kind::Arguments, text).hint("name a folder with a `Chart.yaml`"));
        }
        let files = folder_files(folder)?.into_iter().map(|file| (file.name, file.data));
        Ok(package_chart(files, self.version.as_deref(), self.app_version.as_deref())?)
    }
}

pub(super) fn run(global: &Global, args: PackageArgs) -> Result<u8, Failure> {
    let machine = |error| Failure::new(Kind::Machine, error);
    let folder = std::path::absolute(&args.destination).map_err(machine)?;
    // Helm makes the folder, too.
    std::fs::create_dir_all(&folder).map_err(machine)?;
    let mut written = Vec::new();
    for path in &args.charts {
        let chart = args.versions.package(path)?;
        let path = folder.join(chart.file_name());
        std::fs::write(&path, &chart.archive).map_err(machine)?;
        if global.ui.mode() == Mode::Human {
            global.ui.data(&format!("Successfully packaged chart and saved it to: {}\n", path.display()));
        }
        written.push(json!({"name": chart.name, "version": chart.version, "path": path}));
    }
    if global.ui.mode() == Mode::Json {
        global.ui.document(&written);
    }
    Ok(0)
}
