//! `atelier logs`: shows what the background process says.

use std::io::{Read as _, Seek as _, SeekFrom};

use clap::Args;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::{Error, LabFolder};
use crate::platform::k3d::{self, Site, Source};
use crate::platform::{self, embedded};

/// How much of the end of a log is shown at most.
const LIMIT: u64 = 1 << 20;

/// Show what the background process says
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Whose, on k3d: `forge`, `nodes`, `audit`, or a controller such as `source-controller`
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    /// How many lines from the end
    #[arg(long, value_name = "LINES", default_value_t = 100)]
    tail: usize,
}

pub(super) async fn run(global: &Global, args: LogsArgs) -> Result<u8, Failure> {
    let folder = global.lab()?;
    if !folder.path().exists() {
        return Err(Error::Missing { lab: folder.name().to_owned() }.into());
    }
    if let Ok(spec) = folder.spec()
        && spec.platform == platform::Kind::K3d
    {
        return engine(global, &folder, &args).await;
    }
    let path = embedded::Folder::new(folder.platform()).log();
    let failed = |source| Failure::from(Error::File { verb: "read", path: path.clone(), source });
    let mut file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::new(Kind::Platform, "the background process has not been started yet")
                .hint("`atelier up` starts it"));
        }
        Err(error) => return Err(failed(error)),
    };
    let length = file.metadata().map_err(failed)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LIMIT))).map_err(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().collect::<Vec<_>>();
    let shown = lines[lines.len().saturating_sub(args.tail)..].join("\n");
    global.ui.data(&if shown.is_empty() { shown } else { shown + "\n" });
    Ok(0)
}

/// What runs in the engine.
async fn engine(global: &Global, folder: &LabFolder, args: &LogsArgs) -> Result<u8, Failure> {
    let known = "there are `forge`, `nodes`, `audit` and the controllers, such as `source-controller`";
    let word = args.source.as_deref().unwrap_or("forge");
    let wrong = || Failure::new(Kind::Arguments, format!("there is no log `{word}`")).hint(known);
    let source = Source::named(word).ok_or_else(wrong)?;
    let settings = global.configuration(Some(folder))?.settings()?;
    let place = k3d::Folder::new(folder.platform());
    let site = Site::open(place, folder.name(), global.home.path(), &settings).await?;
    global.ui.data(&site.logs(&source, args.tail).await?);
    if args.source.is_none() {
        global.ui.talk(known);
    }
    Ok(0)
}
