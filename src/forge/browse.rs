//! Looking at a repository's history and files: for the REST API and the pages. Nothing here changes anything.

use git2::{Commit, Delta, DiffOptions, Oid, Repository, Sort};

/// Commits looked at to answer one question; histories beyond it are cut.
const HISTORY: usize = 100_000;

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) path: String,
    /// `added`, `removed` or `modified`.
    pub(super) status: &'static str,
}

/// What a commit changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) files: Vec<Change>,
    pub(super) additions: usize,
    pub(super) deletions: usize,
}

/// Finds the commit that a branch, a tag, a full reference or a hash names.
pub(super) fn resolve<'r>(git: &'r Repository, name: &str) -> Result<Commit<'r>, git2::Error> {
    for prefix in ["refs/heads/", "refs/tags/", ""] {
        if (!prefix.is_empty() || name.starts_with("refs/"))
            && let Ok(found) = git.find_reference(&format!("{prefix}{name}"))
        {
            return found.peel_to_commit();
        }
    }
    if (4..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return git.find_commit_by_prefix(name);
    }
    Err(git2::Error::new(git2::ErrorCode::NotFound, git2::ErrorClass::Reference, "no such reference"))
}

/// Up to `limit` commits after the first `skip`, newest first, and how many there are in all. With a path: those
/// that changed it.
pub(super) fn log(
    git: &Repository,
    start: Oid,
    path: Option<&str>,
    skip: usize,
    limit: usize,
) -> Result<(Vec<Oid>, usize), git2::Error> {
    let mut walk = git.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(start)?;
    let (mut found, mut total) = (Vec::new(), 0);
    for id in walk.take(HISTORY) {
        let id = id?;
        if let Some(path) = path
            && !touches(git, id, path)?
        {
            continue;
        }
        if total >= skip && found.len() < limit {
            found.push(id);
        }
        total += 1;
    }
    Ok((found, total))
}

/// The newest commit that changed a path.
pub(super) fn last_change(git: &Repository, start: Oid, path: &str) -> Result<Oid, git2::Error> {
    let mut walk = git.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.push(start)?;
    for id in walk.take(HISTORY) {
        let id = id?;
        if touches(git, id, path)? {
            return Ok(id);
        }
    }
    Ok(start)
}

/// Whether the path is not as it is in any parent.
fn touches(git: &Repository, id: Oid, path: &str) -> Result<bool, git2::Error> {
    let commit = git.find_commit(id)?;
    let here = entry(&commit, path);
    if commit.parent_count() == 0 {
        return Ok(here.is_some());
    }
    Ok(commit.parents().all(|parent| entry(&parent, path) != here))
}

fn entry(commit: &Commit<'_>, path: &str) -> Option<Oid> {
    let tree = commit.tree().ok()?;
    if path.is_empty() {
        return Some(tree.id());
    }
    tree.get_path(std::path::Path::new(path)).ok().map(|entry| entry.id())
}

/// The difference to the first parent.
pub(super) fn diff<'r>(git: &'r Repository, commit: &Commit<'_>) -> Result<git2::Diff<'r>, git2::Error> {
    let parent = commit.parents().next().map(|parent| parent.tree()).transpose()?;
    let mut options = DiffOptions::new();
    git.diff_tree_to_tree(parent.as_ref(), Some(&commit.tree()?), Some(&mut options))
}

/// The files that a commit changed, and its added and deleted lines if they are to be counted.
pub(super) fn changes(git: &Repository, commit: &Commit<'_>, count: bool) -> Result<Changes, git2::Error> {
    let diff = diff(git, commit)?;
    let files = diff.deltas().map(|delta| {
        let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
        let path = file.path_bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let status = match delta.status() {
            Delta::Added => "added",
            Delta::Deleted => "removed",
            _ => "modified",
        };
        Change { path, status }
    });
    let files = files.collect();
    if !count {
        return Ok(Changes { files, ..Changes::default() });
    }
    let stats = diff.stats()?;
    Ok(Changes { files, additions: stats.insertions(), deletions: stats.deletions() })
}

/// A time of git as an instant.
pub(super) fn instant(time: git2::Time) -> jiff::Timestamp {
    jiff::Timestamp::from_second(time.seconds()).unwrap_or_default()
}
