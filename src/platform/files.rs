//! The small files that a platform keeps: JSON of mode 0600, written as a whole or not at all.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

/// Makes a folder and those above it, for its owner only.
pub(super) fn create_folder(path: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| file_error(path, source))
}

/// Reads a JSON file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read(path).map_err(|source| file_error(path, source))?;
    serde_json::from_slice(&text)
        .map_err(|source| Error::Damaged { path: path.display().to_string(), source })
}

/// Writes a JSON file.
pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let damaged = |source| Error::Damaged { path: path.display().to_string(), source };
    write(path, &serde_json::to_vec_pretty(value).map_err(damaged)?)
}

/// Writes a file aside and renames it, so that a reader sees the old one or the new one.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary);
    let written = opened.and_then(|mut file| file.write_all(content));
    written.and_then(|()| std::fs::rename(&temporary, path)).map_err(|source| file_error(path, source))
}

pub(super) fn file_error(path: &Path, source: std::io::Error) -> Error {
    Error::File { path: path.display().to_string(), source }
}

/// Letters and digits only, so that it can stand in an address.
pub(super) fn random(length: usize) -> String {
    use rand::Rng as _;
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}
