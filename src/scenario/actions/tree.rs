//! What a commit changes: files to write, values to set, paths to remove, and the tree that comes of them.

use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{
    Delta, DiffFormat, DiffOptions, FileMode, ObjectType, Patch, Repository, Tree, TreeWalkMode,
    TreeWalkResult,
};
use serde_json::Value;

use super::set::set_value;
use crate::scenario::error::ActionError;

/// The most lines of a difference that are kept.
const DIFF_LINES: usize = 400;
/// How many unchanged lines stand around a change.
const CONTEXT: u32 = 2;

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

/// What is different: for each file its path, then its lines with `+`, `-` or a blank before them.
pub(crate) fn difference(
    repository: &Repository,
    old: &Tree<'_>,
    new: &Tree<'_>,
) -> Result<String, git2::Error> {
    let mut options = DiffOptions::new();
    options.context_lines(CONTEXT);
    let diff = repository.diff_tree_to_tree(Some(old), Some(new), Some(&mut options))?;
    let mut lines = Lines::default();
    diff.print(DiffFormat::Patch, |delta, _, line| {
        if line.origin() == 'F' {
            let path = delta.new_file().path().or(delta.old_file().path()).unwrap_or(Path::new(""));
            let word = match delta.status() {
                Delta::Added => " (new)",
                Delta::Deleted => " (removed)",
                _ => "",
            };
            lines.file(&format!("{}{word}", path.display()));
        } else {
            lines.add(line.origin(), line.content());
        }
        true
    })?;
    Ok(lines.text)
}

/// What is different in one text: lines as above.
pub(crate) fn difference_of_texts(old: &[u8], new: &[u8]) -> Result<String, git2::Error> {
    let mut options = DiffOptions::new();
    options.context_lines(CONTEXT);
    let mut patch = Patch::from_buffers(old, None, new, None, Some(&mut options))?;
    let mut lines = Lines::default();
    lines.file("");
    patch.print(&mut |_, _, line| {
        lines.add(line.origin(), line.content());
        true
    })?;
    Ok(lines.text.trim_start_matches('\n').to_owned())
}

/// The lines of a difference, at most so many.
#[derive(Default)]
struct Lines {
    text: String,
    count: usize,
    /// Whether a file has begun and none of its lines has come yet.
    fresh: bool,
}

impl Lines {
    fn file(&mut self, head: &str) {
        self.fresh = true;
        self.push(head);
    }

    fn add(&mut self, origin: char, content: &[u8]) {
        match origin {
            // Between two places of a file something is left out.
            'H' if !std::mem::take(&mut self.fresh) => self.push("…"),
            '+' | '-' | ' ' => {
                let content = String::from_utf8_lossy(content);
                self.push(&format!("{origin}{}", content.trim_end_matches(['\n', '\r'])));
            }
            'B' => self.push(" (not a text)"),
            _ => (),
        }
    }

    fn push(&mut self, line: &str) {
        self.count += 1;
        match self.count {
            0..=DIFF_LINES => {
                self.text.push_str(line);
                self.text.push('\n');
            }
            _ if self.count == DIFF_LINES + 1 => self.text.push_str("…\n"),
            _ => (),
        }
    }
}
