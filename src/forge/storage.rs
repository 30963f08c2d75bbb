//! All repositories, below `<data>/repositories/<owner>/<name>.git`. A repository appears and goes away whole, by a
//! rename, so that a killed process leaves nothing half-made behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use super::Error;
use super::metadata::Metadata;
use super::repository::{QUARANTINE, Repository};
use crate::accounts::User;

type Index = BTreeMap<(String, String), Arc<Repository>>;

pub(super) struct Storage {
    folder: PathBuf,
    /// Half-made and half-removed repositories; emptied when the forge opens.
    scratch: PathBuf,
    index: RwLock<Index>,
}

/// What a new repository is made of.
#[derive(Clone, Debug)]
pub(super) struct NewRepository {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) private: bool,
    pub(super) default_branch: String,
    /// The repository that it is a fork of, by its id.
    pub(super) parent: Option<u64>,
}

impl Storage {
    pub(super) fn open(data: &Path) -> Result<Self, Error> {
        let (folder, scratch) = (data.join("repositories"), data.join("scratch"));
        if scratch.exists() {
            std::fs::remove_dir_all(&scratch).map_err(Error::file(&scratch))?;
        }
        for made in [&folder, &scratch] {
            std::fs::create_dir_all(made).map_err(Error::file(made))?;
        }
        let mut index = Index::new();
        for owner in folders(&folder)? {
            for path in folders(&owner)? {
                let _ = std::fs::remove_dir_all(path.join(QUARANTINE));
                let metadata = Metadata::read(&path)?;
                index.insert(
                    key(&metadata.owner_name, &metadata.name),
                    Arc::new(Repository::open_in(path, metadata)?),
                );
            }
        }
        Ok(Self { folder, scratch, index: RwLock::new(index) })
    }

    pub(super) fn get(&self, owner: &str, name: &str) -> Option<Arc<Repository>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).get(&key(owner, name)).cloned()
    }

    pub(super) fn by_id(&self, id: u64) -> Option<Arc<Repository>> {
        self.list().into_iter().find(|repository| repository.metadata().id == id)
    }

    /// How many forks a repository has.
    pub(super) fn forks(&self, id: u64) -> usize {
        self.list().iter().filter(|repository| repository.metadata().parent == Some(id)).count()
    }

    /// All repositories, by owner and name.
    pub(super) fn list(&self) -> Vec<Arc<Repository>> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The repositories of one owner, by name.
    pub(super) fn of(&self, owner: u64) -> Vec<Arc<Repository>> {
        self.list().into_iter().filter(|repository| repository.metadata().owner == owner).collect()
    }

    pub(super) fn create(&self, owner: &User, new: NewRepository) -> Result<Arc<Repository>, Error> {
        self.create_filled(owner, new, |_| Ok(()))
    }

    /// The same, with objects and references from elsewhere, which are there when the repository appears.
    pub(super) fn create_filled(
        &self,
        owner: &User,
        new: NewRepository,
        fill: impl FnOnce(&git2::Repository) -> Result<(), git2::Error>,
    ) -> Result<Arc<Repository>, Error> {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let key = key(&owner.login, &new.name);
        if index.contains_key(&key) {
            return Err(Error::Exists { owner: owner.login.clone(), name: new.name });
        }
        let now = Timestamp::now();
        let metadata = Metadata {
            id: index.values().map(|repository| repository.metadata().id).max().unwrap_or_default() + 1,
            owner: owner.id,
            owner_name: owner.login.clone(),
            name: new.name,
            description: new.description,
            private: new.private,
            archived: false,
            template: false,
            parent: new.parent,
            default_branch: new.default_branch,
            created: now,
            updated: now,
            next_hook: 0,
            hooks: Vec::new(),
            next_key: 0,
            keys: Vec::new(),
            protections: Vec::new(),
            collaborators: BTreeMap::new(),
        };
        let half = self.scratch.join(uuid::Uuid::new_v4().to_string());
        let mut options = git2::RepositoryInitOptions::new();
        // Templates of the machine's git would bring the user's own hooks and settings.
        options.bare(true).external_template(false).initial_head(&metadata.default_branch);
        let git = git2::Repository::init_opts(&half, &options).map_err(Error::git(&half))?;
        fill(&git).map_err(Error::git(&half))?;
        metadata.write(&half)?;
        let path = self.folder.join(&key.0).join(format!("{}.git", key.1));
        let parent = self.folder.join(&key.0);
        std::fs::create_dir_all(&parent).map_err(Error::file(&parent))?;
        std::fs::rename(&half, &path).map_err(Error::file(&path))?;
        let repository = Arc::new(Repository::open_in(path, metadata)?);
        index.insert(key, repository.clone());
        Ok(repository)
    }

    /// Removes a repository; nothing happens when it is gone already.
    pub(super) fn delete(&self, owner: &str, name: &str) -> Result<(), Error> {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let Some(repository) = index.get(&key(owner, name)) else { return Ok(()) };
        let writing = repository.lock();
        let grave = self.scratch.join(uuid::Uuid::new_v4().to_string());
        std::fs::rename(repository.folder(), &grave).map_err(Error::file(repository.folder()))?;
        drop(writing);
        index.remove(&key(owner, name));
        std::fs::remove_dir_all(&grave).map_err(Error::file(&grave))
    }
}

/// Names are told apart without regard to case, as Gitea does.
fn key(owner: &str, name: &str) -> (String, String) {
    (owner.to_lowercase(), name.to_lowercase())
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(parent).map_err(Error::file(parent))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(Error::file(parent)));
    paths.filter(|path| path.as_ref().map_or(true, |path| path.is_dir())).collect()
}
