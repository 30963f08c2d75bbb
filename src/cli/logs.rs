//! `atelier logs`: shows what the background process says.

use std::io::{Read as _, Seek as _, SeekFrom};

use clap::Args;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::Error;
use crate::platform::embedded;

/// How much of the end of a log is shown at most.
const LIMIT: u64 = 1 << 20;

/// Show what the background process says
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// How many lines from the end
    #[arg(long, value_name = "LINES", default_value_t = 100)]
    tail: usize,
}

pub(super) fn run(global: &Global, args: LogsArgs) -> Result<u8, Failure> {
    let folder = global.lab()?;
    if !folder.path().exists() {
        return Err(Error::Missing { lab: folder.name().to_owned() }.into());
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
