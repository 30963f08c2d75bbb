//! What is built from: the files of a folder as they are, links as links, within limits.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Error;
use super::archive::{Entry, Tree};
use super::pattern::Ignored;

/// The most that is read, in bytes.
const BYTES_LIMIT: u64 = 1 << 30;
/// The largest number of files and folders.
const ENTRIES_LIMIT: u64 = 50_000;
/// How deep folders may lie in each other.
const DEPTH_LIMIT: usize = 100;

/// Reads a folder. No link is followed, so that nothing outside is read.
pub fn read_folder(folder: &Path) -> Result<Tree, Error> {
    let mut walk = Walk { tree: Tree::new(), room: BYTES_LIMIT };
    walk.folder(folder, "", 0)?;
    Ok(walk.tree)
}

/// What of a folder goes into an image: all but what its `.dockerignore` names.
pub(super) fn context(tree: &Tree) -> Result<Tree, Error> {
    let Some(Entry::File(rules) | Entry::Executable(rules)) = tree.get(".dockerignore") else {
        return Ok(tree.clone());
    };
    let ignored = Ignored::parse(rules)?;
    Ok(tree
        .iter()
        .filter(|(path, _)| !ignored.has(path))
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect())
}

struct Walk {
    tree: Tree,
    room: u64,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        let failed = |path: &Path, source| Error::File { path: path.to_owned(), source };
        if depth > DEPTH_LIMIT {
            return Err(Error::TooLarge { limit: DEPTH_LIMIT as u64, what: "folders in each other" });
        }
        for entry in std::fs::read_dir(folder).map_err(|source| failed(folder, source))? {
            let entry = entry.map_err(|source| failed(folder, source))?;
            let path = entry.path();
            let name = entry
                .file_name()
                .into_string()
                .map_err(|_| Error::Odd { path: path.clone(), what: "its name is not text in UTF-8" })?;
            let shown = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let about = std::fs::symlink_metadata(&path).map_err(|source| failed(&path, source))?;
            let found = if about.is_dir() {
                self.folder(&path, &shown, depth + 1)?;
                Entry::Folder
            } else if about.is_symlink() {
                let target = std::fs::read_link(&path).map_err(|source| failed(&path, source))?;
                Entry::Link(target.to_string_lossy().into_owned())
            } else if about.is_file() {
                // A file that grows meanwhile is read as long as it was.
                self.room = self
                    .room
                    .checked_sub(about.len())
                    .ok_or(Error::TooLarge { limit: BYTES_LIMIT, what: "bytes" })?;
                let bytes = std::fs::read(&path).map_err(|source| failed(&path, source))?;
                if about.permissions().mode() & 0o111 == 0 {
                    Entry::File(bytes)
                } else {
                    Entry::Executable(bytes)
                }
            } else {
                return Err(Error::Odd { path, what: "it is neither a file nor a folder nor a link" });
            };
            self.tree.insert(shown, found);
            if self.tree.len() as u64 > ENTRIES_LIMIT {
                return Err(Error::TooLarge { limit: ENTRIES_LIMIT, what: "files" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed_and_what_is_ignored_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("a/empty")).unwrap();
        std::fs::write(path("a/file"), "1").unwrap();
        std::fs::write(path("secret"), "2").unwrap();
        std::fs::write(path(".dockerignore"), "secret\n.dockerignore\n").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", path("link")).unwrap();
        let tree = context(&read_folder(folder.path()).unwrap()).unwrap();
        let expected = [
            ("a", Entry::Folder),
            ("a/empty", Entry::Folder),
            ("a/file", Entry::File(b"1".to_vec())),
            ("link", Entry::Link("/etc/passwd".to_owned())),
        ];
        assert_eq!(tree, expected.map(|(path, entry)| (path.to_owned(), entry)).into());
    }
}
