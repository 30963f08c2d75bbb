//! How long the steps took in a rehearsal: from the transcripts that one wrote, or from what the lab remembers of the
//! last one. A lab that is gone remembers nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::error::{Failure, Kind};
use crate::lab::LabFolder;
use crate::scenario::Report;

/// Seconds by step, `<track>.<step>`.
type Seconds = BTreeMap<String, f64>;

fn file(lab: &LabFolder) -> PathBuf {
    lab.journal().join("rehearsed.json")
}

/// Remembers the steps of a rehearsal that did something.
pub(super) fn remember(lab: &LabFolder, report: &Report) -> Result<(), Failure> {
    let mut seconds = read(lab);
    let done = report.steps.iter().filter(|step| !step.resumed && step.skipped.is_none());
    seconds.extend(done.map(|step| (step.step.clone(), step.took.as_secs_f64())));
    let path = file(lab);
    std::fs::write(&path, serde_json::to_string(&seconds).unwrap_or_default())
        .map_err(|error| Failure::new(Kind::Machine, format!("`{}`: {error}", path.display())))
}

/// What the lab remembers.
pub(super) fn of_lab(lab: &LabFolder) -> BTreeMap<String, Duration> {
    read(lab).into_iter().filter_map(|(step, seconds)| Some((step, length(seconds)?))).collect()
}

/// What the transcripts in a folder tell.
pub(super) fn of_transcripts(folder: &Path) -> Result<BTreeMap<String, Duration>, Failure> {
    let failed = |error| {
        Failure::new(Kind::Arguments, format!("`{}`: {error}", folder.display()))
            .hint("name the folder that `atelier rehearse --transcript DIR` wrote")
    };
    let mut times = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        // Other files may lie beside the transcripts.
        let Ok(transcript) = serde_json::from_str::<Value>(&text) else { continue };
        let (step, took) = (transcript["step"].as_str(), transcript["took"].as_f64().and_then(length));
        times.extend(step.map(str::to_owned).zip(took));
    }
    Ok(times)
}

/// What was written before; nothing where that cannot be read.
fn read(lab: &LabFolder) -> Seconds {
    let text = std::fs::read_to_string(file(lab)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn length(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}
