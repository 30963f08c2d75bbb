//! One stored repository: a bare git repository with the forge's settings in its folder. Changes to references and
//! settings are made one after the other, under the repository's lock.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use jiff::Timestamp;

use super::Error;
use super::metadata::Metadata;
use super::pulls::Pulls;
use super::releases::Releases;
use super::statuses::Statuses;
use super::stored::Stored;

/// Where packs are received before their references are accepted.
pub(super) const QUARANTINE: &str = "quarantine";

pub(super) struct Repository {
    folder: PathBuf,
    metadata: RwLock<Metadata>,
    writing: Mutex<()>,
    pub(super) pulls: Stored<Pulls>,
    pub(super) statuses: Stored<Statuses>,
    pub(super) releases: Stored<Releases>,
}

impl Repository {
    pub(super) fn open_in(folder: PathBuf, metadata: Metadata) -> Result<Self, Error> {
        let pulls = Stored::open(folder.join("pulls.json"))?;
        let statuses = Stored::open(folder.join("statuses.json"))?;
        let releases = Stored::open(folder.join("releases.json"))?;
        let (metadata, writing) = (RwLock::new(metadata), Mutex::new(()));
        Ok(Self { folder, metadata, writing, pulls, statuses, releases })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The settings as they are now.
    pub(super) fn metadata(&self) -> Metadata {
        self.metadata.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the settings, on disk first.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Metadata) -> T) -> Result<T, Error> {
        let mut current = self.metadata.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = current.clone();
        let done = change(&mut next);
        next.updated = Timestamp::now();
        next.write(&self.folder)?;
        *current = next;
        Ok(done)
    }

    /// A handle on the objects and references. Not to be kept: it does not see packs that come later.
    pub(super) fn open(&self) -> Result<git2::Repository, git2::Error> {
        git2::Repository::open_bare(&self.folder)
    }

    /// Held while references change.
    pub(super) fn lock(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes another branch the one that a clone checks out.
    pub(super) fn set_default_branch(&self, branch: &str) -> Result<(), Error> {
        let git = self.open().map_err(Error::git(&self.folder))?;
        git.set_head(&format!("refs/heads/{branch}")).map_err(Error::git(&self.folder))?;
        self.change(|metadata| branch.clone_into(&mut metadata.default_branch))
    }

    /// How much room the objects take, in KiB.
    pub(super) fn size(&self) -> u64 {
        fn bytes(folder: &Path) -> u64 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| match entry.metadata() {
                    Ok(found) if found.is_dir() => bytes(&entry.path()),
                    Ok(found) => found.len(),
                    Err(_) => 0,
                })
                .sum()
        }
        bytes(&self.folder.join("objects")).div_ceil(1024)
    }
}
