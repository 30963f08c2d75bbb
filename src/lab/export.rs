//! What people take home from a lab: the forge's repositories as ordinary clones with all branches and tags, the
//! actors' working folders as they are, and the journals. Nothing of it leads back into the lab, and no secret is in
//! it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{Cred, FetchOptions, RemoteCallbacks};
use serde::Serialize;

use super::folder::create_private;
use super::{ActorFolder, Error, LabFolder};
use crate::platform::{self, Actor, Gitea, git_repository};

/// A repository that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// `<owner>/<name>`.
    pub name: String,
    /// How many branches it has.
    pub branches: usize,
}

/// What was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The repositories, by name.
    pub repositories: Vec<Repository>,
    /// The actors whose working folders hold something.
    pub work: Vec<String>,
    /// How many files the journals have.
    pub journals: usize,
}

/// Takes what these actors may read, and their working folders, into `target`, which must not exist or be empty.
pub async fn export(lab: &LabFolder, actors: &[Actor], forge: &str, target: &Path) -> Result<Export, Error> {
    let empty = std::fs::read_dir(target).map(|mut entries| entries.next().is_none());
    match empty {
        Ok(true) => {}
        Ok(false) => return Err(Error::Occupied { path: target.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => return Err(Error::File { verb: "read", path: target.to_owned(), source }),
    }
    create_private(target)?;
    let mut export = Export::default();
    for (name, (branch, login)) in readable(lab, actors, forge).await? {
        let path = target.join("repositories").join(&name);
        create_private(&path)?;
        let branches = fetch(format!("{forge}/{name}.git"), login, branch, path).await?;
        export.repositories.push(Repository { name, branches });
    }
    for actor in actors {
        let (work, copy) = (ActorFolder::new(lab, actor).work(), target.join("work").join(&actor.name));
        if copy_folder(&work, &copy)? > 0 {
            export.work.push(actor.name.clone());
        }
    }
    export.journals = copy_folder(&lab.journal(), &target.join("journal"))?;
    Ok(export)
}

/// A user's name and token.
type Login = (String, String);

/// The repositories that any of the actors may read, each with its main branch and who may read it.
async fn readable(
    lab: &LabFolder,
    actors: &[Actor],
    forge: &str,
) -> Result<BTreeMap<String, (String, Login)>, Error> {
    let mut found = BTreeMap::new();
    for actor in actors {
        let Some(token) = ActorFolder::new(lab, actor).token() else { continue };
        for (name, branch) in Gitea::with_token(forge, &token).repositories().await? {
            found.entry(name).or_insert_with(|| (branch, (actor.name.clone(), token.clone())));
        }
    }
    Ok(found)
}

/// Gets all branches and tags into a new repository at `path`, and checks the main branch out; how many branches.
async fn fetch(address: String, login: Login, branch: String, path: PathBuf) -> Result<usize, Error> {
    let shown = address.clone();
    let work = move || {
        let repository = git_repository::init(&path)?;
        let mut callbacks = RemoteCallbacks::new();
        callbacks.credentials(|_, _, _| Cred::userpass_plaintext(&login.0, &login.1));
        let mut options = FetchOptions::new();
        options.remote_callbacks(callbacks);
        let everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        repository.remote_anonymous(&address)?.fetch(&everything, Some(&mut options), None)?;
        // The mark of the last fetch holds the address of a forge that will not be there.
        let _ = std::fs::remove_file(repository.path().join("FETCH_HEAD"));
        let branches = repository.branches(Some(git2::BranchType::Local))?.count();
        if branches > 0 {
            repository.set_head(&format!("refs/heads/{branch}"))?;
            repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))?;
        }
        Ok(branches)
    };
    let fetched = tokio::task::spawn_blocking(work).await;
    let fetched = fetched.unwrap_or_else(|panic| Err(git2::Error::from_str(&panic.to_string())));
    fetched.map_err(|source| platform::Error::Git { address: shown, source }.into())
}

/// Copies a folder with all that is below it; links are copied as links. How many files there are; a folder without
/// any is not copied, and one that does not exist has none.
fn copy_folder(from: &Path, to: &Path) -> Result<usize, Error> {
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(Error::File { verb: "read", path: from.to_owned(), source }),
    };
    let mut files = 0;
    for entry in entries {
        let entry = entry.map_err(|source| Error::File { verb: "read", path: from.to_owned(), source })?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        let failed = |source| Error::File { verb: "copy", path: path.clone(), source };
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            files += copy_folder(&path, &copy)?;
            continue;
        }
        create_private(to)?;
        if kind.is_symlink() {
            let target = std::fs::read_link(&path).map_err(failed)?;
            std::os::unix::fs::symlink(target, &copy).map_err(failed)?;
        } else if kind.is_file() {
            std::fs::copy(&path, &copy).map_err(failed)?;
        }
        files += 1;
    }
    Ok(files)
}
