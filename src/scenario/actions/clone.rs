//! A repository of the forge in an actor's working folder: fetched, one commit more, pushed. Blocking.

use std::path::PathBuf;

use git2::build::CheckoutBuilder;
use git2::{Commit, Cred, FetchOptions, Oid, PushOptions, RemoteCallbacks, Repository, Signature, Tree};

use super::tree::{Change, changed, difference};
use crate::platform::git_repository;
use crate::scenario::error::ActionError;

/// The branch that every repository of a workshop begins with.
const MAIN: &str = "main";

/// One commit to be made and pushed.
#[derive(Clone)]
pub(crate) struct Push {
    /// `<owner>/<name>`, for messages.
    pub(crate) repository: String,
    /// The address that works on this machine.
    pub(crate) url: String,
    /// The address that a person would clone.
    pub(crate) origin: String,
    /// The clone.
    pub(crate) folder: PathBuf,
    /// The branch.
    pub(crate) branch: String,
    /// The message.
    pub(crate) message: String,
    /// The author's login.
    pub(crate) login: String,
    /// The author's name.
    pub(crate) name: String,
    /// The author's address.
    pub(crate) email: String,
    /// The author's access token.
    pub(crate) token: String,
    /// What is changed.
    pub(crate) changes: Vec<Change>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// True when the branch has all that already.
    pub(crate) unchanged: bool,
    /// The difference.
    pub(crate) difference: String,
}

impl Push {
    /// Does it.
    pub(crate) fn run(&self) -> Result<Pushed, ActionError> {
        let failed = |source| ActionError::Git { repository: self.repository.clone(), source };
        let (repository, fresh) = self.open().map_err(failed)?;
        self.fetch(&repository).map_err(failed)?;
        let own = head(&repository, &self.branch).map_err(failed)?;
        // A branch that is not there yet begins where the repository's own stands, as after `git switch -c`.
        let base = match &own {
            Some(_) => own.clone(),
            None => head(&repository, MAIN).map_err(failed)?,
        };
        let old = match &base {
            Some(commit) => commit.tree().map_err(failed)?,
            None => empty(&repository).map_err(failed)?,
        };
        let new = changed(&repository, &old, &self.changes, &failed)?;
        let difference = difference(&repository, &old, &new).map_err(failed)?;
        let unchanged = new.id() == old.id() && base.is_some();
        let tip = match &base {
            Some(base) if unchanged => base.id(),
            _ => {
                let id = self.commit(&repository, base.as_ref(), &new).map_err(failed)?;
                self.push(&repository, id)?;
                id
            }
        };
        if own.is_some() || !unchanged {
            self.follow(&repository, tip, fresh).map_err(failed)?;
        }
        Ok(Pushed { unchanged, difference })
    }

    fn open(&self) -> Result<(Repository, bool), git2::Error> {
        if self.folder.join(".git").exists() {
            return Ok((git_repository::open(&self.folder)?, false));
        }
        let repository = git_repository::init(&self.folder)?;
        repository.remote("origin", &self.origin)?;
        Ok((repository, true))
    }

    fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        let mut asked = false;
        callbacks.credentials(move |_, _, _| {
            // Asked a second time means that the first answer was refused.
            if std::mem::replace(&mut asked, true) {
                return Err(git2::Error::from_str("the forge refused the actor's token"));
            }
            Cred::userpass_plaintext(&self.login, &self.token)
        });
        callbacks
    }

    fn fetch(&self, repository: &Repository) -> Result<(), git2::Error> {
        let mut options = FetchOptions::new();
        options.remote_callbacks(self.callbacks());
        let mut remote = repository.remote_anonymous(&self.url)?;
        remote.fetch(&["+refs/heads/*:refs/remotes/origin/*"], Some(&mut options), None)
    }

    fn commit(
        &self,
        repository: &Repository,
        base: Option<&Commit<'_>>,
        tree: &Tree<'_>,
    ) -> Result<Oid, git2::Error> {
        let who = Signature::now(&self.name, &self.email)?;
        let parents: Vec<_> = base.into_iter().collect();
        repository.commit(None, &who, &who, &self.message, tree, &parents)
    }

    fn push(&self, repository: &Repository, id: Oid) -> Result<(), ActionError> {
        let failed = |source| ActionError::Git { repository: self.repository.clone(), source };
        let kept = "refs/atelier/push";
        let mut reference = repository.reference(kept, id, true, "a commit to be pushed").map_err(failed)?;
        let mut refused = None;
        let result = {
            let mut callbacks = self.callbacks();
            callbacks.push_update_reference(|_, reason| {
                refused = reason.map(str::to_owned);
                Ok(())
            });
            let mut options = PushOptions::new();
            options.remote_callbacks(callbacks);
            let target = format!("{kept}:refs/heads/{}", self.branch);
            repository
                .remote_anonymous(&self.url)
                .and_then(|mut remote| remote.push(&[target.as_str()], Some(&mut options)))
        };
        reference.delete().map_err(failed)?;
        result.map_err(failed)?;
        match refused {
            None => Ok(()),
            Some(reason) => Err(ActionError::Refused {
                repository: self.repository.clone(),
                branch: self.branch.clone(),
                reason,
            }),
        }
    }

    /// Brings the clone to the new commit where that loses nothing that a person did in it.
    fn follow(&self, repository: &Repository, tip: Oid, fresh: bool) -> Result<(), git2::Error> {
        let log = "what the forge has";
        repository.reference(&format!("refs/remotes/origin/{}", self.branch), tip, true, log)?;
        let own = format!("refs/heads/{}", self.branch);
        let commit = repository.find_commit(tip)?;
        if fresh {
            repository.reference(&own, tip, true, log)?;
            repository.set_head(&own)?;
            repository.checkout_tree(commit.as_object(), Some(CheckoutBuilder::new().force()))?;
            let mut branch = repository.find_branch(&self.branch, git2::BranchType::Local)?;
            return branch.set_upstream(Some(&format!("origin/{}", self.branch)));
        }
        let Ok(before) = repository.refname_to_id(&own) else { return Ok(()) };
        if before == tip || !repository.graph_descendant_of(tip, before)? {
            return Ok(());
        }
        let here = repository.head().ok().and_then(|head| head.name().map(str::to_owned).ok());
        if here.as_deref() == Some(own.as_str()) {
            let safe = repository.checkout_tree(commit.as_object(), Some(CheckoutBuilder::new().safe()));
            if safe.is_err() {
                return Ok(());
            }
        }
        repository.reference(&own, tip, true, log).map(|_| ())
    }
}

/// Where a branch of the forge stands.
fn head<'a>(repository: &'a Repository, branch: &str) -> Result<Option<Commit<'a>>, git2::Error> {
    match repository.find_reference(&format!("refs/remotes/origin/{branch}")) {
        Ok(reference) => reference.peel_to_commit().map(Some),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn empty(repository: &Repository) -> Result<Tree<'_>, git2::Error> {
    let id = repository.treebuilder(None)?.write()?;
    repository.find_tree(id)
}
