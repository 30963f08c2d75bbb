//! Commits that the forge makes itself: the REST API's changes of files, and a repository's first commit.

use std::collections::BTreeMap;

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Oid, Signature};

use super::access::Writer;
use super::push::{self, Refusal, Rule, Update};
use super::repository::Repository;
use super::server::Shared;

/// Files in one commit.
const FILES: usize = 1000;

/// What happens to one file.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// It must not be there yet.
    Create { path: String, content: Vec<u8> },
    /// It must be there, and have the hash if one is given.
    Update { path: String, content: Vec<u8>, sha: Option<String>, from: Option<String> },
    /// It must be there, and have the hash if one is given.
    Delete { path: String, sha: Option<String> },
    /// It may be there or not.
    Upload { path: String, content: Vec<u8> },
}

/// A person of a commit.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    /// Seconds since 1970; now when absent.
    pub(super) date: Option<i64>,
}

/// A commit to be made.
#[derive(Clone, Debug)]
pub(super) struct NewCommit {
    /// The branch whose newest commit is the parent.
    pub(super) branch: String,
    /// The branch to be made for it, if not the same.
    pub(super) new_branch: Option<String>,
    pub(super) message: String,
    pub(super) author: Person,
    pub(super) committer: Person,
    pub(super) operations: Vec<Operation>,
}

/// Why a commit was not made; the words are Gitea's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("repository file already exists [path: {path}]")]
    Exists { path: String },
    #[error("repository file does not exist [path: {path}]")]
    Missing { path: String },
    #[error("sha does not match [given: {given}, expected: {expected}]")]
    Sha { given: String, expected: String },
    #[error("path contains a malformed path component [path: {path}]")]
    Path { path: String },
    #[error("branch does not exist [repo_id: {repository} name: {branch}]")]
    Branch { repository: u64, branch: String },
    #[error("branch already exists [name: {branch}]")]
    BranchExists { branch: String },
    #[error("{rule}")]
    Rule { rule: Rule },
    #[error("the branch has moved while the commit was made: {refusal}")]
    Moved { refusal: Refusal },
    #[error("over {FILES} files in one commit")]
    TooMany,
    #[error("git could not make the commit")]
    Git(#[from] git2::Error),
}

/// Makes the commit and moves the branch. Returns the commit's hash.
pub(super) fn commit(
    shared: &Shared,
    repository: &Repository,
    writer: &Writer,
    base: &str,
    new: &NewCommit,
) -> Result<Oid, Error> {
    if new.operations.len() > FILES {
        return Err(Error::TooMany);
    }
    let writing = repository.lock();
    let git = repository.open()?;
    let metadata = repository.metadata();
    let old = push::target(&git, &format!("refs/heads/{}", new.branch));
    let parent = if old.is_zero() {
        // The first commit of an empty repository may go to any branch.
        if git.references()?.next().is_some() {
            return Err(Error::Branch { repository: metadata.id, branch: new.branch.clone() });
        }
        None
    } else {
        Some(git.find_commit(old)?)
    };
    let tree = tree(&git, parent.as_ref(), &new.operations)?;
    let (author, committer) = (signature(&new.author)?, signature(&new.committer)?);
    let message = git2::message_prettify(new.message.as_str(), None)?;
    let id = git.commit(
        None,
        &author,
        &committer,
        &message,
        &git.find_tree(tree)?,
        &parent.iter().collect::<Vec<_>>(),
    )?;
    let branch = new.new_branch.as_ref().unwrap_or(&new.branch);
    let name = format!("refs/heads/{branch}");
    let old = if *branch == new.branch { old } else { Oid::ZERO_SHA1 };
    if old.is_zero() && !push::target(&git, &name).is_zero() {
        return Err(Error::BranchExists { branch: branch.clone() });
    }
    let update = Update { name, old, new: id };
    push::check(&metadata, &git, &update, writer).map_err(|rule| Error::Rule { rule })?;
    let updates = [update];
    let mut verdicts = [push::validate(&git, &updates[0])];
    push::apply(&git, &updates, &mut verdicts, false);
    let [verdict] = verdicts;
    verdict.map_err(|refusal| Error::Moved { refusal })?;
    push::choose_default_branch(repository, &git, &updates);
    shared.pushed(repository, &updates, &writer.login, base);
    drop(writing);
    Ok(id)
}

pub(super) fn signature(person: &Person) -> Result<Signature<'static>, git2::Error> {
    // Angle brackets and line feeds would end the field in the commit.
    let clean = |text: &str| text.replace(['<', '>', '\n', '\0'], "");
    let (name, email) = (clean(&person.name), clean(&person.email));
    match person.date {
        Some(date) => Signature::new(&name, &email, &git2::Time::new(date, 0)),
        None => Signature::now(&name, &email),
    }
}

fn tree(
    git: &git2::Repository,
    parent: Option<&git2::Commit<'_>>,
    operations: &[Operation],
) -> Result<Oid, Error> {
    let base = match parent {
        Some(parent) => parent.tree()?,
        None => git.find_tree(git.treebuilder(None)?.write()?)?,
    };
    let mut changes = TreeUpdateBuilder::new();
    // Later operations see what earlier ones of the same commit did.
    let mut files: BTreeMap<String, Option<Oid>> = BTreeMap::new();
    for operation in operations {
        let path = checked(operation.path())?;
        let there = match files.get(&path) {
            Some(known) => known.map(|id| (id, FileMode::Blob)),
            None => blob(&base, &path),
        };
        match operation {
            Operation::Create { .. } if there.is_some() => return Err(Error::Exists { path }),
            Operation::Update { from: None, .. } | Operation::Delete { .. } if there.is_none() => {
                return Err(Error::Missing { path });
            }
            _ => {}
        }
        if let (Some(given), Some((expected, _))) = (operation.sha(), there)
            && *given != expected.to_string()
        {
            return Err(Error::Sha { given: given.clone(), expected: expected.to_string() });
        }
        if let Operation::Update { from: Some(from), .. } = operation {
            let from = checked(from)?;
            blob(&base, &from).ok_or_else(|| Error::Missing { path: from.clone() })?;
            if from != path {
                changes.remove(from.as_str());
                files.insert(from, None);
            }
        }
        if let Some(content) = operation.content() {
            let id = git.blob(content)?;
            changes.upsert(path.as_str(), id, there.map_or(FileMode::Blob, |(_, mode)| mode));
            files.insert(path, Some(id));
        } else {
            changes.remove(path.as_str());
            files.insert(path, None);
        }
    }
    Ok(changes.create_updated(git, &base)?)
}

fn blob(tree: &git2::Tree<'_>, path: &str) -> Option<(Oid, FileMode)> {
    let entry = tree.get_path(std::path::Path::new(path)).ok()?;
    let mode = if entry.filemode() == 0o100_755 { FileMode::BlobExecutable } else { FileMode::Blob };
    (entry.kind() == Some(ObjectType::Blob)).then(|| (entry.id(), mode))
}

/// A path that stays in its tree and that git would check out.
pub(super) fn checked(path: &str) -> Result<String, Error> {
    let trimmed = path.trim_matches('/');
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    let fits = trimmed.len() <= 4096 && !trimmed.contains(['\0', '\\', '\n']);
    if fits && trimmed.split('/').all(good) {
        return Ok(trimmed.to_owned());
    }
    Err(Error::Path { path: path.chars().take(100).collect() })
}

impl Operation {
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Create { path, .. }
            | Self::Update { path, .. }
            | Self::Delete { path, .. }
            | Self::Upload { path, .. } => path,
        }
    }

    fn content(&self) -> Option<&[u8]> {
        match self {
            Self::Create { content, .. } | Self::Update { content, .. } | Self::Upload { content, .. } => {
                Some(content)
            }
            Self::Delete { .. } => None,
        }
    }

    fn sha(&self) -> Option<&String> {
        match self {
            Self::Update { sha, .. } | Self::Delete { sha, .. } => sha.as_ref(),
            Self::Create { .. } | Self::Upload { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn paths_stay_in_their_tree() {
        assert_eq!(checked("/a/b.txt").unwrap(), "a/b.txt");
        for bad in ["", "/", "..", "a/../b", "a//b", ".git/config", "a/.GIT/x", "a\0b", "a\\b", "./a"] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }
}
