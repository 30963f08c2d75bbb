//! Fetches a commit into a bare clone that is kept between fetches, and reads its tree. Blocking.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use git2::{FetchOptions, ObjectType, Oid, RemoteCallbacks, Repository};

use super::advertisement::Address;
use super::ignore::{FILE, Ignore};
use crate::artifacts::Entry;

/// The largest file and the largest tree that become an artifact.
const BYTES_LIMIT: usize = 50 << 20;
/// The most that is fetched at once.
const FETCH_LIMIT: usize = 512 << 20;

/// The mode of a symbolic link.
const LINK: i32 = 0o120_000;

/// A commit's tree.
pub(super) struct Checkout {
    /// Files by path.
    pub(super) tree: BTreeMap<String, Entry>,
    /// The first line of the commit's message.
    pub(super) summary: String,
}

/// Fetches what is missing and reads the tree of `commit`.
pub(super) fn checkout(
    cache: &Path,
    address: &Address,
    fetched: Option<&str>,
    commit: &str,
    ignore: Option<&str>,
    deadline: Instant,
) -> Result<Checkout, String> {
    let told = |error: git2::Error| error.message().to_owned();
    let oid = Oid::from_str(commit).map_err(|_| format!("object not found: {commit}"))?;
    let repository = if let Ok(repository) = Repository::open_bare(cache) {
        repository
    } else {
        // What is not a repository is of no use: half-made, or damaged.
        drop(std::fs::remove_dir_all(cache));
        Repository::init_bare(cache).map_err(told)?
    };
    if repository.find_commit(oid).is_err() {
        fetch(&repository, address, fetched, deadline).map_err(|error| {
            if Instant::now() >= deadline { "context deadline exceeded".to_owned() } else { told(error) }
        })?;
    }
    let commit = repository.find_commit(oid).map_err(|_| format!("object not found: {commit}"))?;
    let mut walk = Walk { repository: &repository, tree: BTreeMap::new(), room: BYTES_LIMIT };
    let mut patterns = Ignore::new(ignore);
    walk.folder("", &commit.tree().map_err(told)?, &mut patterns, ignore.unwrap_or_default())?;
    let summary = commit.summary().ok().flatten().unwrap_or_default().to_owned();
    Ok(Checkout { tree: walk.tree, summary })
}

fn fetch(
    repository: &Repository,
    address: &Address,
    fetched: Option<&str>,
    deadline: Instant,
) -> Result<(), git2::Error> {
    let mut callbacks = RemoteCallbacks::new();
    callbacks.transfer_progress(move |progress| {
        progress.received_bytes() < FETCH_LIMIT && Instant::now() < deadline
    });
    let mut options = FetchOptions::new();
    options.remote_callbacks(callbacks).download_tags(git2::AutotagOption::None);
    let header = address.authorization.as_ref().map(|value| format!("Authorization: {value}"));
    if let Some(header) = &header {
        options.custom_headers(&[header]);
    }
    let what = fetched.map_or("+refs/heads/*:refs/heads/*".to_owned(), |name| format!("+{name}:{name}"));
    repository.remote_anonymous(&address.reached)?.fetch(&[&what], Some(&mut options), None)
}

struct Walk<'a> {
    repository: &'a Repository,
    tree: BTreeMap<String, Entry>,
    room: usize,
}

impl Walk<'_> {
    fn folder(
        &mut self,
        path: &str,
        tree: &git2::Tree<'_>,
        ignore: &mut Ignore,
        spec: &str,
    ) -> Result<(), String> {
        let told = |error: git2::Error| error.message().to_owned();
        if let Some(entry) = tree.get_name(FILE) {
            let blob = self.repository.find_blob(entry.id()).map_err(told)?;
            ignore.add(path, &String::from_utf8_lossy(blob.content()));
        }
        if path.is_empty() {
            // The object's own patterns come last, so that they decide.
            ignore.add("", spec);
        }
        for entry in tree {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let full = if path.is_empty() { name } else { format!("{path}/{name}") };
            let is_folder = entry.kind() == Some(ObjectType::Tree);
            if ignore.leaves_out(&full, is_folder) {
                continue;
            }
            match entry.kind() {
                Some(ObjectType::Tree) => {
                    let tree = self.repository.find_tree(entry.id()).map_err(told)?;
                    self.folder(&full, &tree, ignore, spec)?;
                }
                // A symbolic link gets into no artifact, wherever it leads: so it is with the real one.
                Some(ObjectType::Blob) if entry.filemode() == LINK => {}
                Some(ObjectType::Blob) => {
                    let entry = self.file(&full, &entry)?;
                    self.tree.insert(full, entry);
                }
                // A submodule is not followed.
                _ => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, entry: &git2::TreeEntry<'_>) -> Result<Entry, String> {
        let told = |error: git2::Error| error.message().to_owned();
        let size = self.repository.odb().and_then(|odb| odb.read_header(entry.id())).map_err(told)?.0;
        self.room = self
            .room
            .checked_sub(size)
            .ok_or_else(|| format!("`{path}` makes the tree larger than {BYTES_LIMIT} bytes"))?;
        let blob = self.repository.find_blob(entry.id()).map_err(told)?;
        let bytes = blob.content().to_vec();
        Ok(match entry.filemode() {
            0o100_755 => Entry::Executable(bytes),
            _ => Entry::File(bytes),
        })
    }
}
