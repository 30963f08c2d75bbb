//! Opening the platform of a lab that has been set up: the one place that knows which kinds there are.

use std::path::Path;

use super::{Error, Kind, Platform, embedded, k3d};

/// The platform of kind `kind` that keeps its state in `folder`.
pub fn open(kind: Kind, folder: &Path) -> Result<Platform, Error> {
    match kind {
        Kind::Embedded => embedded::open(&embedded::Folder::new(folder)),
        Kind::K3d => k3d::open(&k3d::Folder::new(folder)),
    }
}

/// Whether it runs, as far as can be seen at once from this machine.
pub fn running(kind: Kind, folder: &Path) -> bool {
    match kind {
        Kind::Embedded => matches!(embedded::Folder::new(folder).state(), embedded::State::Running { .. }),
        Kind::K3d => k3d::Folder::new(folder).answers(),
    }
}
