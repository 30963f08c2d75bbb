//! What a commit changes: files to write, values to set, paths to remove, and the tree that comes of them.

use git2::build::TreeUpdateBuilder;
use git2::{DiffFormat, FileMode, ObjectType, Repository, Tree, TreeWalkMode, TreeWalkResult};
use serde_json::Value;

use super::set::set_value;
use crate::scenario::error::ActionError;

/// The most lines of a difference that are kept.
const DIFF_LINES: usize = 400;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// A file gets these contents.
    Write { path: String, content: Vec<u8> },
    /// A value in a YAML file becomes another.
    Set { path: String, key: String, value: Value },
    /// A file, or a folder with all that is in it, goes.
    Remove { path: String },
}

/// Makes the tree that comes of changes to `base`.
pub(crate) fn changed<'a>(
    repository: &'a Repository,
    base: &Tree<'_>,
    changes: &[Change],
    failed: &impl Fn(git2::Error) -> ActionError,
) -> Result<Tree<'a>, ActionError> {
    let mut tree = repository.find_tree(base.id()).map_err(failed)?;
    for change in changes {
        let mut update = TreeUpdateBuilder::new();
        match change {
            Change::Write { path, content } => {
                let blob = repository.blob(content).map_err(failed)?;
                update.upsert(path.as_str(), blob, FileMode::Blob);
            }
            Change::Set { path, key, value } => {
                let missing = || ActionError::NoValue { file: path.clone(), path: key.clone() };
                let entry = tree.get_path(path.as_ref()).map_err(|_| missing())?;
                let blob = repository.find_blob(entry.id()).map_err(failed)?;
                let text = std::str::from_utf8(blob.content()).map_err(|_| missing())?;
                let text = set_value(text, key, value).ok_or_else(missing)?;
                let blob = repository.blob(text.as_bytes()).map_err(failed)?;
                update.upsert(path.as_str(), blob, FileMode::Blob);
            }
            Change::Remove { path } => {
                for file in files_below(&tree, path).map_err(failed)? {
                    update.remove(file);
                }
            }
        }
        let id = update.create_updated(repository, &tree).map_err(failed)?;
        tree = repository.find_tree(id).map_err(failed)?;
    }
    Ok(tree)
}

/// The files that are `path` or below it.
fn files_below(tree: &Tree<'_>, path: &str) -> Result<Vec<String>, git2::Error> {
    let path = path.trim_end_matches('/');
    let mut found = Vec::new();
    tree.walk(TreeWalkMode::PreOrder, |root, entry| {
        let file = format!("{root}{}", entry.name().unwrap_or_default());
        let inside = file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if inside && entry.kind() == Some(ObjectType::Blob) {
            found.push(file);
        }
        TreeWalkResult::Ok
    })?;
    Ok(found)
}

/// The difference of two trees as `git diff` shows it.
pub(crate) fn difference(
    repository: &Repository,
    old: &Tree<'_>,
    new: &Tree<'_>,
) -> Result<String, git2::Error> {
    let diff = repository.diff_tree_to_tree(Some(old), Some(new), None)?;
    let mut text = String::new();
    let mut lines = 0;
    diff.print(DiffFormat::Patch, |_, _, line| {
        lines += 1;
        if lines <= DIFF_LINES {
            if matches!(line.origin(), '+' | '-' | ' ') {
                text.push(line.origin());
            }
            text.push_str(&String::from_utf8_lossy(line.content()));
        }
        true
    })?;
    if lines > DIFF_LINES {
        text.push_str("…\n");
    }
    Ok(text)
}
