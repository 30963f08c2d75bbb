//! Where labs are kept: `<home>/labs/<name>/`. Nothing else on the machine is touched.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Error, Spec};

/// The folder that holds all labs (`ATELIER_HOME`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The state folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The lab of that name, which need not exist.
    pub fn lab(&self, name: &str) -> Result<LabFolder, Error> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !starts || name.len() > 32 || !name.bytes().all(legal) {
            return Err(Error::BadName { name: name.to_owned() });
        }
        Ok(LabFolder { home: self.0.clone(), name: name.to_owned() })
    }

    /// The names of all labs, sorted.
    pub fn labs(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join("labs")).into_iter().flatten().flatten();
        let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>();
        names.retain(|name| self.lab(name).is_ok_and(|lab| lab.path().is_dir()));
        names.sort();
        names
    }
}

/// The folder of one lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabFolder {
    home: PathBuf,
    name: String,
}

impl LabFolder {
    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.home.join("labs").join(&self.name)
    }

    /// The folder that holds all labs.
    pub fn home(&self) -> Home {
        Home(self.home.clone())
    }

    /// `lab.json`: what the lab is.
    pub fn spec_path(&self) -> PathBuf {
        self.path().join("lab.json")
    }

    /// Where the platform keeps what it needs.
    pub fn platform(&self) -> PathBuf {
        self.path().join("platform")
    }

    /// Where the journals are.
    pub fn journal(&self) -> PathBuf {
        self.path().join("journal")
    }

    /// The folder of one actor.
    pub fn actor(&self, name: &str) -> PathBuf {
        self.path().join("actors").join(name)
    }

    /// Makes the folder, for its owner only.
    pub fn create(&self) -> Result<(), Error> {
        create_private(&self.path())
    }

    /// Reads `lab.json`.
    pub fn spec(&self) -> Result<Spec, Error> {
        Spec::read(&self.spec_path(), &self.name)
    }

    /// Removes the folder, and the folders above it that are empty then and ours.
    pub fn remove(&self) -> Result<bool, Error> {
        let path = self.path();
        let removed = match std::fs::remove_dir_all(&path) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(source) => return Err(Error::File { verb: "remove", path, source }),
        };
        // Not empty is the ordinary case where other labs exist.
        let _ = std::fs::remove_dir(self.home.join("labs"));
        let _ = std::fs::remove_dir(&self.home);
        Ok(removed)
    }
}

/// Makes a folder and those above it; mode 0700.
pub(super) fn create_private(path: &Path) -> Result<(), Error> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::File { verb: "make", path: path.to_owned(), source })
}

/// Writes a file of mode 0600 as a whole or not at all. Returns whether it changed.
pub fn write_private(path: &Path, content: &[u8]) -> Result<bool, Error> {
    if std::fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    let failed = |source| Error::File { verb: "write", path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let home = Home::new("/nowhere");
        for good in ["one", "first_steps", "a-1"] {
            assert!(home.lab(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "../x", "A", "a/b", "a b", &"a".repeat(33)] {
            assert!(matches!(home.lab(bad), Err(Error::BadName { .. })), "{bad}");
        }
    }

    #[test]
    fn private_files_are_private_and_known_when_equal() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        assert!(write_private(&path, b"x").unwrap());
        assert!(!write_private(&path, b"x").unwrap());
        assert!(write_private(&path, b"y").unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn removal_takes_empty_folders_above_and_leaves_others() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::new(root.path().join("atelier"));
        let (one, two) = (home.lab("one").unwrap(), home.lab("two").unwrap());
        one.create().unwrap();
        two.create().unwrap();
        assert!(one.remove().unwrap());
        assert_eq!(home.labs(), ["two"]);
        assert!(!one.remove().unwrap());
        assert!(two.remove().unwrap());
        assert!(!home.path().exists());
    }
}
