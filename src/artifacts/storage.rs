//! A folder of artifacts: `gitrepository/<namespace>/<name>/<commit>.tar.gz`, the newest of each source kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Entry, Error, Files, pack, unpack};

/// How many artifacts of a source stay: the newest, and the one before for who reads it just now.
const KEPT: usize = 2;

/// A folder of artifacts. Clones share it.
#[derive(Clone, Debug)]
pub struct Storage {
    folder: Arc<PathBuf>,
}

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Below the storage's folder.
    pub path: String,
    /// `sha256:<hex>`.
    pub digest: String,
    /// In bytes.
    pub size: u64,
}

impl Storage {
    /// Opens the storage in `folder`, made when it is not there.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.to_owned(), source })?;
        Ok(Self { folder: Arc::new(folder.to_owned()) })
    }

    /// A folder for what a source keeps between fetches, such as a bare clone; removed with its artifacts.
    pub fn cache(&self, kind: &str, namespace: &str, name: &str) -> Result<PathBuf, Error> {
        self.folder_of("cache", &[kind, namespace, name])
    }

    /// Stores a tree.
    pub fn store(
        &self,
        source: [&str; 3],
        file: &str,
        tree: &BTreeMap<String, Entry>,
    ) -> Result<Stored, Error> {
        self.store_bytes(source, file, &pack(tree)?)
    }

    /// Stores a file as it is. It appears whole or not at all.
    pub fn store_bytes(
        &self,
        [kind, namespace, name]: [&str; 3],
        file: &str,
        bytes: &[u8],
    ) -> Result<Stored, Error> {
        let folder = self.folder_of("", &[kind, namespace, name, file])?;
        let folder = folder.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.to_owned(), source })?;
        let target = folder.join(file);
        let unfinished = folder.join(format!(".{file}.part"));
        std::fs::write(&unfinished, bytes)
            .and_then(|()| std::fs::rename(&unfinished, &target))
            .map_err(|source| Error::File { path: target, source })?;
        let path = format!("{kind}/{namespace}/{name}/{file}");
        Ok(Stored { path, digest: digest(bytes), size: bytes.len() as u64 })
    }

    /// Whether an artifact is there, with this digest.
    #[must_use]
    pub fn holds(&self, path: &str, expected: &str) -> bool {
        self.bytes(path, expected).is_ok()
    }

    /// Reads an artifact's files; the digest is checked.
    pub fn read(&self, path: &str, expected: &str) -> Result<Files, Error> {
        unpack(&self.bytes(path, expected)?)
    }

    /// Reads an artifact as it is; the digest is checked.
    pub fn bytes(&self, path: &str, expected: &str) -> Result<Vec<u8>, Error> {
        let file = self.folder_of("", &path.split('/').collect::<Vec<_>>())?;
        let bytes = std::fs::read(&file).map_err(|source| Error::File { path: file, source })?;
        let found = digest(&bytes);
        if found != expected {
            return Err(Error::Digest { path: path.to_owned(), expected: expected.to_owned(), found });
        }
        Ok(bytes)
    }

    /// Removes all artifacts of a source but the newest ones and `current`; returns how many went.
    pub fn collect(&self, [kind, namespace, name]: [&str; 3], current: &str) -> Result<usize, Error> {
        let folder = self.folder_of("", &[kind, namespace, name])?;
        let failed = |source| Error::File { path: folder.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_file = entry.file_type().map_err(failed)?.is_file();
            if is_file && entry.file_name() != current {
                found
                    .push((entry.metadata().and_then(|data| data.modified()).map_err(failed)?, entry.path()));
            }
        }
        found.sort();
        let stale = found.len().saturating_sub(KEPT - 1);
        for (_, path) in found.drain(..stale) {
            std::fs::remove_file(&path).map_err(|source| Error::File { path, source })?;
        }
        Ok(stale)
    }

    /// Removes everything of a source; nothing there is fine.
    pub fn remove(&self, [kind, namespace, name]: [&str; 3]) -> Result<(), Error> {
        for root in ["", "cache"] {
            let folder = self.folder_of(root, &[kind, namespace, name])?;
            match std::fs::remove_dir_all(&folder) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { path: folder, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn folder_of(&self, root: &str, parts: &[&str]) -> Result<PathBuf, Error> {
        let plain =
            |part: &&str| !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0']);
        if !parts.iter().all(plain) {
            return Err(Error::Outside { path: parts.join("/") });
        }
        Ok(parts.iter().fold(self.folder.join(root), |path, part| path.join(part)))
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: [&str; 3] = ["gitrepository", "dev2", "apps"];

    fn tree(text: &str) -> BTreeMap<String, Entry> {
        [("a.yaml".to_owned(), Entry::File(text.as_bytes().to_vec()))].into()
    }

    #[test]
    fn stored_tree_is_read_back_by_its_digest_only() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path()).unwrap();
        let stored = storage.store(SOURCE, "1.tar.gz", &tree("one")).unwrap();
        assert_eq!(stored.path, "gitrepository/dev2/apps/1.tar.gz");
        assert_eq!(storage.read(&stored.path, &stored.digest).unwrap()["a.yaml"], b"one");
        assert!(storage.holds(&stored.path, &stored.digest));
        let error = storage.read(&stored.path, "sha256:0").unwrap_err().to_string();
        assert_eq!(error, format!("digest of `{}` is `{}`, not `sha256:0`", stored.path, stored.digest));
        assert!(matches!(storage.read("../x", "sha256:0"), Err(Error::Outside { .. })));
        assert!(matches!(storage.store(["a", "b", ".."], "1", &tree("")), Err(Error::Outside { .. })));
    }

    #[test]
    fn only_the_newest_artifacts_stay_and_removal_takes_all() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(folder.path()).unwrap();
        for name in ["1.tar.gz", "2.tar.gz", "3.tar.gz"] {
            storage.store(SOURCE, name, &tree(name)).unwrap();
        }
        assert_eq!(storage.collect(SOURCE, "3.tar.gz").unwrap(), 1);
        assert_eq!(std::fs::read_dir(folder.path().join("gitrepository/dev2/apps")).unwrap().count(), 2);
        assert_eq!(storage.collect(SOURCE, "3.tar.gz").unwrap(), 0);
        storage.remove(SOURCE).unwrap();
        storage.remove(SOURCE).unwrap();
        assert!(!folder.path().join("gitrepository/dev2/apps").exists());
    }
}
