//! Waiting for a file to change: the operating system tells (inotify, `FSEvents`).

use std::path::Path;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::Error;

/// The changes of one file, from now on.
pub struct Changes {
    /// Tells for as long as it is kept.
    _watcher: RecommendedWatcher,
    told: mpsc::Receiver<()>,
}

impl Changes {
    /// Those of a file that need not be there yet, and may be replaced by another of its name. Its folder must be there.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be watched.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let refused = |error: notify::Error| Error::File {
            verb: "watch",
            path: path.to_owned(),
            source: std::io::Error::other(error),
        };
        // What changes while nobody listens counts once.
        let (tell, told) = mpsc::channel(1);
        let name = path.file_name().map(ToOwned::to_owned);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Whoever reads the file is told of by the system, too. An error is a reason to look, like a change.
            let looks = event.is_ok_and(|event| {
                let own = event.paths.iter().any(|path| path.file_name() == name.as_deref());
                matches!(event.kind, EventKind::Access(_)) || !own
            });
            if !looks {
                let _ = tell.try_send(());
            }
        })
        .map_err(refused)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        watcher.watch(folder, RecursiveMode::NonRecursive).map_err(refused)?;
        Ok(Self { _watcher: watcher, told })
    }

    /// Returns when something has changed since the last time.
    pub async fn next(&mut self) {
        if self.told.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_file_is_told_of_when_it_comes_changes_and_is_replaced_and_its_neighbours_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let mut changes = Changes::of(&path).unwrap();
        let writes: [&dyn Fn(); 3] =
            [&|| fs::write(&path, "first").unwrap(), &|| fs::write(&path, "second").unwrap(), &|| {
                fs::write(folder.path().join("two"), "third").unwrap();
                fs::rename(folder.path().join("two"), &path).unwrap();
            }];
        for write in writes {
            write();
            changes.next().await;
            // A write may be told of in several pieces.
            while tokio::time::timeout(std::time::Duration::from_millis(50), changes.next()).await.is_ok() {}
        }
        fs::read(&path).unwrap();
        fs::write(folder.path().join("two"), "").unwrap();
        let told = tokio::time::timeout(std::time::Duration::from_millis(50), changes.next()).await;
        told.unwrap_err();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Changes::of(Path::new("/nowhere/at/all")).err().unwrap();
        assert_eq!(error.to_string(), "cannot watch `/nowhere/at/all`");
    }
}
