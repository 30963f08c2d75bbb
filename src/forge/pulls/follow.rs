//! Pull requests follow their branches: a push to the head is a push to the pull request, and a branch that goes
//! away closes what it was the end of.

use std::sync::Arc;

use git2::{AutotagOption, FetchOptions, Repository as Git};
use jiff::Timestamp;

use super::super::Error;
use super::super::news::pull_request;
use super::super::push::Update;
use super::super::repository::Repository;
use super::super::server::Shared;
use super::{Head, PullRequest, ReviewState, pull_reference};

/// Brings all pull requests that a branch is an end of up to where it is. Called after a reference has changed.
pub(crate) fn follow(shared: &Shared, repository: &Repository, update: &Update, pusher: &str, base: &str) {
    let Some(branch) = update.name.strip_prefix("refs/heads/") else { return };
    let id = repository.metadata().id;
    let end = Head { repository: id, branch: branch.to_owned() };
    for target in shared.repositories.list() {
        let own = target.metadata().id == id;
        let touched = |pull: &&PullRequest| {
            let is_base = own && update.new.is_zero() && pull.base == branch;
            pull.is_open() && (pull.head == end || is_base)
        };
        let numbers: Vec<u64> =
            target.pulls.look(|pulls| pulls.all.values().filter(touched).map(|pull| pull.number).collect());
        for number in numbers {
            let followed = if update.new.is_zero() {
                close(&target, number).map(|pull| (pull, "closed", "pull_request"))
            } else {
                advance(&target, repository, number, update)
                    .map(|pull| (pull, "synchronized", "pull_request_sync"))
            };
            match followed {
                Ok((pull, action, kind)) => pull_request(shared, &target, &pull, action, kind, pusher, base),
                Err(error) => tracing::warn!(%number, "pull request does not follow its branch: {error}"),
            }
        }
    }
}

fn close(target: &Repository, number: u64) -> Result<PullRequest, Error> {
    changed(target, number, |pull| {
        pull.closed = Some(Timestamp::now());
    })
}

fn changed(
    target: &Repository,
    number: u64,
    change: impl FnOnce(&mut PullRequest),
) -> Result<PullRequest, Error> {
    let missing = || Error::File {
        path: target.folder().to_owned(),
        source: std::io::Error::from(std::io::ErrorKind::NotFound),
    };
    target.pulls.change(|pulls| {
        let pull = pulls.all.get_mut(&number).ok_or_else(missing)?;
        change(pull);
        pull.updated = Timestamp::now();
        Ok(pull.clone())
    })
}

fn advance(
    target: &Repository,
    source: &Repository,
    number: u64,
    update: &Update,
) -> Result<PullRequest, Error> {
    let git = target.open().map_err(Error::git(target.folder()))?;
    let branch = update.name.trim_start_matches("refs/heads/");
    follow_into_base(&git, target, source, number, branch).map_err(Error::git(target.folder()))?;
    let new = update.new.to_string();
    changed(target, number, |pull| {
        let metadata = target.metadata();
        let dismiss =
            metadata.protection(&pull.base).is_some_and(|rule| rule.merging.dismiss_stale_approvals);
        for review in pull.reviews.iter_mut().filter(|review| review.commit != new) {
            review.stale = review.state != ReviewState::RequestReview;
            if dismiss && review.state == ReviewState::Approved {
                review.dismissed = true;
            }
        }
        pull.head_id = new;
    })
}

/// Sets the pull request's own reference, and fetches the commits of a fork for it.
pub(crate) fn follow_into_base(
    git: &Git,
    target: &Repository,
    source: &Repository,
    number: u64,
    branch: &str,
) -> Result<(), git2::Error> {
    if target.folder() == source.folder() {
        let tip = git.refname_to_id(&format!("refs/heads/{branch}"))?;
        return git.reference(&pull_reference(number), tip, true, "push").map(|_| ());
    }
    fetch(git, source, &format!("+refs/heads/{branch}:{}", pull_reference(number)))
}

/// Fetches from another repository of the forge.
pub(crate) fn fetch(git: &Git, from: &Repository, refspec: &str) -> Result<(), git2::Error> {
    let path = from.folder().to_str().ok_or_else(|| git2::Error::from_str("the path is not UTF-8"))?;
    let mut options = FetchOptions::new();
    options.download_tags(AutotagOption::None).update_fetchhead(false);
    git.remote_anonymous(path)?.fetch(&[refspec], Some(&mut options), None)
}

/// The repository that a pull request comes from; nothing when it is gone.
pub(crate) fn source(
    shared: &Shared,
    target: &Arc<Repository>,
    pull: &PullRequest,
) -> Option<Arc<Repository>> {
    if pull.head.repository == target.metadata().id {
        return Some(target.clone());
    }
    shared.repositories.by_id(pull.head.repository)
}
