//! The first commit of a repository, made in a folder of the lab and pushed over HTTP like anybody's.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use git2::{Cred, PushOptions, RemoteCallbacks, Signature};

use super::{Error, File, git_repository};

/// Who makes first commits.
const AUTHOR: (&str, &str) = ("atelier", "atelier@atelier.internal");

/// Where a first commit is pushed to, and as whom.
#[derive(Clone)]
pub(super) struct Seed {
    /// The empty repository.
    pub(super) address: String,
    /// Who pushes.
    pub(super) user: String,
    /// With which password.
    pub(super) password: String,
    /// A folder for the commit while it is made. It is the lab's, so that nothing is left elsewhere when the work is
    /// cut short.
    pub(super) folder: PathBuf,
}

impl Seed {
    /// Pushes one commit with `files` as `main` and as other branches, all at once: a Gitea that has just been pushed to
    /// calls the repository empty for a while, and makes no branches in it.
    pub(super) async fn push(self, files: &[File], branches: &[String]) -> Result<(), Error> {
        let files = files.to_vec();
        let branches = std::iter::once("main").chain(branches.iter().map(String::as_str));
        let targets =
            branches.map(|branch| format!("refs/heads/main:refs/heads/{branch}")).collect::<Vec<_>>();
        let address = self.address.clone();
        let pushed = tokio::task::spawn_blocking(move || push(&self, &files, &targets));
        let pushed = pushed.await.unwrap_or_else(|panic| Err(git2::Error::from_str(&panic.to_string())));
        pushed.map_err(|source| Error::Git { address, source })
    }
}

fn temporary(parent: &Path) -> Result<tempfile::TempDir, git2::Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
    let made = made.and_then(|()| tempfile::tempdir_in(parent));
    made.map_err(|error| git2::Error::from_str(&format!("cannot use `{}`: {error}", parent.display())))
}

fn push(seed: &Seed, files: &[File], targets: &[String]) -> Result<(), git2::Error> {
    let folder = temporary(&seed.folder)?;
    let repository = git_repository::init_bare(folder.path())?;
    let mut index = git2::Index::new()?;
    for file in files {
        let executable = file.content.starts_with(b"#!");
        let entry = git2::IndexEntry {
            ctime: git2::IndexTime::new(0, 0),
            mtime: git2::IndexTime::new(0, 0),
            dev: 0,
            ino: 0,
            mode: if executable { 0o100_755 } else { 0o100_644 },
            uid: 0,
            gid: 0,
            file_size: 0,
            id: repository.blob(&file.content)?,
            flags: 0,
            flags_extended: 0,
            path: file.path.clone().into_bytes(),
        };
        index.add(&entry)?;
    }
    let tree = repository.find_tree(index.write_tree_to(&repository)?)?;
    let author = Signature::now(AUTHOR.0, AUTHOR.1)?;
    repository.commit(
        Some("refs/heads/main"),
        &author,
        &author,
        "chore: start of the workshop\n",
        &tree,
        &[],
    )?;
    let mut callbacks = RemoteCallbacks::new();
    callbacks.credentials(|_, _, _| Cred::userpass_plaintext(&seed.user, &seed.password));
    callbacks
        .push_update_reference(|_, refused| refused.map_or(Ok(()), |why| Err(git2::Error::from_str(why))));
    let mut options = PushOptions::new();
    options.remote_callbacks(callbacks);
    let mut remote = repository.remote_anonymous(&seed.address)?;
    remote.push(targets, Some(&mut options))
}
