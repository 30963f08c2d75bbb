//! Work that would be lost with the lab: commits in the actors' clones that no repository of the forge has.

use std::path::{Path, PathBuf};

use super::LabFolder;

/// How deep below an actor's folder clones are looked for.
const DEPTH: usize = 3;

/// A clone with commits of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clone {
    /// Where it is.
    pub path: PathBuf,
    /// How many commits no remote branch has.
    pub commits: usize,
}

/// The clones in the lab's folder that hold commits which were never pushed.
pub fn unpushed(lab: &LabFolder) -> Vec<Clone> {
    let actors = std::fs::read_dir(lab.path().join("actors")).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for actor in actors {
        look(&actor.path().join("work"), DEPTH, &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn look(folder: &Path, depth: usize, found: &mut Vec<Clone>) {
    if folder.join(".git").exists() {
        // What git cannot read, nobody can push either.
        let commits = count(folder).unwrap_or_default();
        if commits > 0 {
            found.push(Clone { path: folder.to_owned(), commits });
        }
        return;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    if depth > 0 {
        folders.for_each(|entry| look(&entry.path(), depth - 1, found));
    }
}

/// Commits that local branches lead to and remote branches do not.
fn count(folder: &Path) -> Result<usize, git2::Error> {
    let repository = git2::Repository::open(folder)?;
    let mut walk = repository.revwalk()?;
    walk.push_glob("refs/heads/*")?;
    // A detached head without commits of its own is the ordinary case of an empty clone.
    let _ = walk.push_head();
    walk.hide_glob("refs/remotes/*")?;
    Ok(walk.flatten().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Home;

    fn commit(repository: &git2::Repository, message: &str) -> git2::Oid {
        let author = git2::Signature::now("a", "a@example.org").unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents = head.iter().collect::<Vec<_>>();
        repository.commit(Some("HEAD"), &author, &author, message, &tree, &parents).unwrap()
    }

    #[test]
    fn commits_that_no_remote_branch_has_are_counted() {
        let root = tempfile::tempdir().unwrap();
        let lab = Home::new(root.path()).lab("one").unwrap();
        let path = lab.actor("dev2").join("work/apps");
        let repository = git2::Repository::init(&path).unwrap();
        let pushed = commit(&repository, "one");
        repository.reference("refs/remotes/origin/main", pushed, true, "").unwrap();
        assert_eq!(unpushed(&lab), []);
        commit(&repository, "two");
        commit(&repository, "three");
        assert_eq!(unpushed(&lab), [Clone { path, commits: 2 }]);
    }
}
