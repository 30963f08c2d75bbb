//! One JSON file of a repository, whole in memory: written anew (mode 0600) at each change, on disk first, so that
//! what was answered is there after a kill.

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;

pub(super) struct Stored<T> {
    path: PathBuf,
    value: RwLock<T>,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> Stored<T> {
    /// Reads the file; without one, there is nothing yet.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let value = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| Error::Format { path: path.clone(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => T::default(),
            Err(source) => return Err(Error::File { path, source }),
        };
        Ok(Self { path, value: RwLock::new(value) })
    }

    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a copy, writes it, and takes it; an error leaves everything as it was.
    pub(super) fn change<R, E: From<Error>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut current = self.value.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = current.clone();
        let done = change(&mut next)?;
        self.write(&next).map_err(Error::file(&self.path))?;
        *current = next;
        Ok(done)
    }

    fn write(&self, value: &T) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(std::path::Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(std::io::BufWriter::new(file.as_file_mut()), value)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_there_after_opening_again_and_an_error_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers.json");
        let stored = Stored::<Vec<u32>>::open(path.clone()).unwrap();
        let add = |numbers: &mut Vec<u32>| {
            numbers.push(1);
            Ok::<_, Error>(())
        };
        stored.change(add).unwrap();
        let bad = || Error::File { path: path.clone(), source: std::io::Error::other("full") };
        let refused = stored.change(|numbers| {
            numbers.push(2);
            Err::<(), _>(bad())
        });
        assert!(refused.is_err());
        for stored in [stored, Stored::open(path.clone()).unwrap()] {
            assert_eq!(stored.look(Clone::clone), [1]);
        }
    }
}
