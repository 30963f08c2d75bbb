//! The first commit of a repository, made in memory's reach of libgit2 and pushed over HTTP like anybody's.

use git2::{Cred, PushOptions, RemoteCallbacks, Signature};

use super::{Error, File};

/// Who makes first commits.
const AUTHOR: (&str, &str) = ("atelier", "atelier@atelier.internal");

/// Pushes one commit with `files` as the branch `main` of the empty repository at `address`.
pub(super) async fn push(address: &str, user: &str, password: &str, files: &[File]) -> Result<(), Error> {
    let (address, user, password) = (address.to_owned(), user.to_owned(), password.to_owned());
    let files = files.to_vec();
    let shown = address.clone();
    let pushed = tokio::task::spawn_blocking(move || push_blocking(&address, &user, &password, &files));
    let pushed = pushed.await.unwrap_or_else(|panic| Err(git2::Error::from_str(&panic.to_string())));
    pushed.map_err(|source| Error::Git { address: shown, source })
}

fn push_blocking(address: &str, user: &str, password: &str, files: &[File]) -> Result<(), git2::Error> {
    let folder = tempfile::tempdir().map_err(|error| git2::Error::from_str(&error.to_string()))?;
    let repository = git2::Repository::init_bare(folder.path())?;
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
    callbacks.credentials(|_, _, _| Cred::userpass_plaintext(user, password));
    callbacks
        .push_update_reference(|_, refused| refused.map_or(Ok(()), |why| Err(git2::Error::from_str(why))));
    let mut options = PushOptions::new();
    options.remote_callbacks(callbacks);
    let mut remote = repository.remote_anonymous(address)?;
    remote.push(&["refs/heads/main:refs/heads/main"], Some(&mut options))
}
