//! Values and files of charts, as several commands take them.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use crate::error::{Failure, Kind};
use crate::manifests::charts::{Chart, LoadError, read_values, set_values};

/// The largest archive that is read, in bytes.
const ARCHIVE_LIMIT: u64 = 50 << 20;

/// Values beside those of the chart.
#[derive(Debug, Args)]
pub(super) struct ValuesArgs {
    /// Take values from a YAML file; later ones count
    #[arg(long, short = 'f', value_name = "FILE")]
    values: Vec<PathBuf>,
    /// Set values: `a.b=c,list[0]=d`
    #[arg(long, value_name = "VALUES")]
    set: Vec<String>,
    /// Set values, all of them texts
    #[arg(long, value_name = "VALUES")]
    set_string: Vec<String>,
}

impl ValuesArgs {
    /// All of them together.
    pub(super) fn read(&self) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        for path in &self.values {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
            let read = read_values(&text).map_err(|error| {
                Failure::new(Kind::Scenario, format!("failed to parse {}: {error}", path.display()))
            })?;
            merge(&mut values, read);
        }
        let given = [("set", &self.set, false), ("set-string", &self.set_string, true)];
        for (option, texts, is_text) in given {
            for text in texts {
                set_values(&mut values, text, is_text).map_err(|error| {
                    Failure::new(Kind::Arguments, format!("failed parsing --{option} data: {error}"))
                })?;
            }
        }
        Ok(values)
    }
}

fn merge(values: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (values.get_mut(&key), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => merge(inner, more),
            (_, value) => drop(values.insert(key, value)),
        }
    }
}

/// A file that a person named cannot be read.
pub(super) fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    let (text, missing) = (format!("cannot read `{}`: {error}", path.display()), error.kind());
    let missing = missing == std::io::ErrorKind::NotFound;
    Failure::new(if missing { Kind::Arguments } else { Kind::Machine }, text)
}

/// The bytes of an archive.
pub(super) fn archive(path: &Path) -> Result<Vec<u8>, Failure> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if about.len() > ARCHIVE_LIMIT {
        let text = format!("`{}` is larger than {ARCHIVE_LIMIT} bytes", path.display());
        return Err(Failure::new(Kind::Arguments, text));
    }
    std::fs::read(path).map_err(|error| unreadable(path, error))
}

/// A chart in a folder or an archive.
pub(super) fn load(path: &Path) -> Result<Chart, Failure> {
    if path.is_dir() { Ok(Chart::from_folder(path)?) } else { Ok(Chart::from_archive(&archive(path)?)?) }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::new(Kind::Scenario, error)
    }
}
