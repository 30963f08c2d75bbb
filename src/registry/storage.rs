//! Content by its digest, and per repository what it holds of it: `blobs/<hex>`, and below
//! `repositories/<name>/` the folders `_blobs` (links), `_manifests` (media types) and `_tags` (digests). A name's
//! segments have no leading underscore, so that the two never meet. Files appear whole, by a rename.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Error;
use super::digest::Digest;
use super::name::Name;

pub(super) struct Storage {
    data: PathBuf,
}

/// What a repository keeps beside each other.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Blobs,
    Manifests,
    Tags,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Blobs => "_blobs",
            Self::Manifests => "_manifests",
            Self::Tags => "_tags",
        }
    }
}

impl Storage {
    pub(super) fn open(data: &Path) -> Result<Self, Error> {
        // Uploads under way died with the process that took them.
        let uploads = data.join("uploads");
        if uploads.exists() {
            std::fs::remove_dir_all(&uploads).map_err(Error::of(&uploads))?;
        }
        for folder in ["blobs", "repositories", "uploads"].map(|name| data.join(name)) {
            std::fs::create_dir_all(&folder).map_err(Error::of(&folder))?;
        }
        let storage = Self { data: data.to_owned() };
        storage.sweep()?;
        Ok(storage)
    }

    /// Removes content that no repository holds any more: before anybody asks, so that nobody is in the way.
    fn sweep(&self) -> Result<(), Error> {
        let mut held = BTreeSet::new();
        for name in self.folders() {
            for kind in [Kind::Blobs, Kind::Manifests] {
                held.extend(self.entries(&name, kind));
            }
        }
        let blobs = self.data.join("blobs");
        for entry in std::fs::read_dir(&blobs).map_err(Error::of(&blobs))?.flatten() {
            if !entry.file_name().to_str().is_some_and(|name| held.contains(name)) {
                std::fs::remove_file(entry.path()).map_err(Error::of(&entry.path()))?;
            }
        }
        Ok(())
    }

    pub(super) fn upload(&self, id: &str) -> PathBuf {
        self.data.join("uploads").join(id)
    }

    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.data.join("blobs").join(digest.hex())
    }

    fn entry(&self, name: &Name, kind: Kind, key: &str) -> PathBuf {
        self.data.join("repositories").join(name.as_str()).join(kind.folder()).join(key)
    }

    /// Whether a repository holds an entry.
    pub(super) fn has(&self, name: &Name, kind: Kind, key: &str) -> bool {
        self.entry(name, kind, key).is_file()
    }

    /// What an entry says.
    pub(super) fn get(&self, name: &Name, kind: Kind, key: &str) -> Option<String> {
        std::fs::read_to_string(self.entry(name, kind, key)).ok()
    }

    /// When an entry was written.
    pub(super) fn time(&self, name: &Name, kind: Kind, key: &str) -> Option<jiff::Timestamp> {
        let written = std::fs::metadata(self.entry(name, kind, key)).and_then(|found| found.modified());
        written.ok().and_then(|time| time.try_into().ok())
    }

    pub(super) fn put(&self, name: &Name, kind: Kind, key: &str, value: &str) -> Result<(), Error> {
        let path = self.entry(name, kind, key);
        self.write(&path, value.as_bytes())
    }

    /// False when there was none.
    pub(super) fn remove(&self, name: &Name, kind: Kind, key: &str) -> Result<bool, Error> {
        let path = self.entry(name, kind, key);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::of(&path)(error)),
        }
    }

    /// All keys of a kind, sorted; nothing when there is no such repository.
    pub(super) fn keys(&self, name: &Name, kind: Kind) -> Option<Vec<String>> {
        let is_there = self.entry(name, Kind::Manifests, "").is_dir();
        is_there.then(|| self.entries(name, kind))
    }

    /// The same, also of a repository that has no manifest yet.
    fn entries(&self, name: &Name, kind: Kind) -> Vec<String> {
        let found = std::fs::read_dir(self.entry(name, kind, "")).into_iter().flatten().flatten();
        let mut keys: Vec<String> = found.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        keys.sort();
        keys
    }

    /// Keeps content under its digest.
    pub(super) fn keep(&self, content: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(content);
        let path = self.blob(&digest);
        if !path.exists() {
            self.write(&path, content)?;
        }
        Ok(digest)
    }

    /// Makes a finished upload a blob.
    pub(super) fn adopt(&self, upload: &Path, digest: &Digest) -> Result<(), Error> {
        let path = self.blob(digest);
        std::fs::rename(upload, &path).map_err(Error::of(&path))
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), Error> {
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(path.parent().unwrap_or(path))?;
            let half = self.data.join("uploads").join(uuid::Uuid::new_v4().to_string());
            std::fs::write(&half, content)?;
            std::fs::rename(&half, path)
        };
        write().map_err(Error::of(path))
    }

    /// The names of all repositories that hold a manifest, sorted.
    pub(super) fn names(&self) -> Vec<Name> {
        let mut names = self.folders();
        names.retain(|name| self.entry(name, Kind::Manifests, "").is_dir());
        names
    }

    /// The names of all repositories, sorted.
    fn folders(&self) -> Vec<Name> {
        let root = self.data.join("repositories");
        let mut found = Vec::new();
        let mut next = vec![root.clone()];
        while let Some(folder) = next.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if entry.file_name().to_string_lossy().starts_with('_') {
                    let name = folder.strip_prefix(&root).ok().and_then(Path::to_str);
                    found.extend(name.and_then(|name| Name::parse(name).ok()));
                } else if path.is_dir() {
                    next.push(path);
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}
