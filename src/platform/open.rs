//! Opening the platform of a lab that has been set up: the one place that knows which kinds there are.

use std::path::Path;

use super::{Error, Kind, Platform, embedded};

/// The platform of kind `kind` that keeps its state in `folder`.
pub fn open(kind: Kind, folder: &Path) -> Result<Platform, Error> {
    match kind {
        Kind::Embedded => embedded::open(&embedded::Folder::new(folder)),
    }
}
