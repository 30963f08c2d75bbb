//! A pull request from its opening to its merge. References move under the repository's lock; what is known of the
//! pull request is written right after.

use std::sync::Arc;

use git2::{Oid, Repository as Git, Signature};
use jiff::Timestamp;

use super::super::access::Writer;
use super::super::commit::signature;
use super::super::news::pull_request;
use super::super::push;
use super::super::repository::Repository;
use super::super::server::Shared;
use super::follow::{fetch, follow_into_base, source};
use super::merge::{Failure, Work};
use super::model::Merged;
use super::{Ends, Head, PullRequest, Style, blocked, may_merge};
use crate::accounts::{Permission, User};
use crate::forge::api::person;

/// The most pull requests of a repository.
const LIMIT: usize = 10_000;
/// Where the other repository's branch is while a fork is updated.
const PASSING: &str = "refs/atelier/update";

/// Who does it, and what their right is.
pub(crate) struct Doer<'a> {
    pub(crate) user: &'a User,
    pub(crate) permission: Permission,
    /// What addresses in webhooks begin with.
    pub(crate) base: &'a str,
}

/// A pull request to be opened.
pub(crate) struct Opening {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) base: String,
    pub(crate) from: Arc<Repository>,
    pub(crate) branch: String,
}

/// A wish to merge.
pub(crate) struct Merge {
    pub(crate) style: Style,
    /// Instead of the usual first line.
    pub(crate) title: String,
    /// Below it.
    pub(crate) message: String,
    /// Where the head must be.
    pub(crate) head: Option<String>,
    pub(crate) delete_branch: bool,
    /// Administrators may do without the branch's rules.
    pub(crate) force: bool,
}

/// Why it was not done; the words are Gitea's where it has some.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("The target couldn't be found.")]
    NoBranch,
    #[error("the repository has {LIMIT} pull requests already")]
    TooMany,
    #[error("Invalid PullRequest: There are no changes between the head and the base")]
    SameBranch,
    #[error(
        "pull request already exists for these targets [id: {number}, issue_id: {number}, head_repo_id: {head}, base_repo_id: {base}, head_branch: {from}, base_branch: {into}]"
    )]
    Exists { number: u64, head: u64, base: u64, from: String, into: String },
    #[error("")]
    Merged,
    #[error("The target couldn't be found.")]
    Closed,
    #[error("User not allowed to merge PR")]
    NotAllowed,
    #[error("Work in progress PRs cannot be merged")]
    Draft,
    #[error("Please try again later")]
    NotMergeable,
    #[error("{0}")]
    Rule(&'static str),
    #[error("manually-merged is not allowed an allowed merge style for this repository")]
    Style,
    #[error("head out of date")]
    Moved,
    #[error("HeadBranch of PR {number} is up to date")]
    UpToDate { number: u64 },
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Forge(#[from] super::super::Error),
}

impl From<git2::Error> for Refusal {
    fn from(error: git2::Error) -> Self {
        Self::Failure(error.into())
    }
}

/// Opens a pull request to `target`.
pub(crate) fn open(
    shared: &Shared,
    target: &Repository,
    doer: &Doer<'_>,
    opening: Opening,
) -> Result<PullRequest, Refusal> {
    let writing = target.lock();
    let git = target.open()?;
    let Opening { title, body, base, from, branch } = opening;
    let (target_id, head) = (target.metadata().id, Head { repository: from.metadata().id, branch });
    let tip = push::target(&from.open()?, &format!("refs/heads/{}", head.branch));
    if tip.is_zero() || push::target(&git, &format!("refs/heads/{base}")).is_zero() {
        return Err(Refusal::NoBranch);
    }
    if head.repository == target_id && head.branch == base {
        return Err(Refusal::SameBranch);
    }
    let (there, count, number) = target.pulls.look(|pulls| {
        (pulls.open_between(&base, &head).map(|pull| pull.number), pulls.all.len(), pulls.next_number())
    });
    if let Some(number) = there {
        let (from, into) = (head.branch, base);
        return Err(Refusal::Exists { number, head: head.repository, base: target_id, from, into });
    }
    if count >= LIMIT {
        return Err(Refusal::TooMany);
    }
    follow_into_base(&git, target, &from, number, &head.branch)?;
    let now = Timestamp::now();
    let made = PullRequest {
        number,
        title,
        body,
        author: doer.user.id,
        base,
        head,
        head_id: tip.to_string(),
        created: now,
        updated: now,
        closed: None,
        merged: None,
        reviews: Vec::new(),
        comments: Vec::new(),
    };
    let made = target.pulls.change(|pulls| Ok::<_, Refusal>(pulls.add(made)))?;
    drop(writing);
    pull_request(shared, target, &made, "opened", "pull_request", &doer.user.login, doer.base);
    Ok(made)
}

/// Merges a pull request, if it may be. Returns it as it then is.
pub(crate) fn merge(
    shared: &Shared,
    target: &Arc<Repository>,
    doer: &Doer<'_>,
    number: u64,
    wish: &Merge,
) -> Result<PullRequest, Refusal> {
    let writing = target.lock();
    let (git, metadata) = (target.open()?, target.metadata());
    let pull = target.pulls.look(|pulls| pulls.all.get(&number).cloned()).ok_or(Refusal::Closed)?;
    match (&pull.merged, pull.closed) {
        (Some(_), _) => return Err(Refusal::Merged),
        (None, Some(_)) => return Err(Refusal::Closed),
        (None, None) => {}
    }
    let login = &doer.user.login;
    if !may_merge(&metadata, &pull.base, doer.permission, login) {
        return Err(Refusal::NotAllowed);
    }
    if wish.style == Style::ManuallyMerged {
        return Err(Refusal::Style);
    }
    if pull.is_draft() {
        return Err(Refusal::Draft);
    }
    let ends = Ends::of(&git, &pull)?;
    if !ends.merges(&git)? {
        return Err(Refusal::NotMergeable);
    }
    let override_allowed =
        metadata.protection(&pull.base).is_none_or(|rule| !rule.merging.block_admin_merge_override);
    let forced = wish.force && doer.permission >= Permission::Admin && override_allowed;
    if let Some(reason) = blocked(target, &metadata, &pull, ends).filter(|_| !forced) {
        return Err(Refusal::Rule(reason));
    }
    if wish.head.as_ref().is_some_and(|head| *head != pull.head_id) {
        return Err(Refusal::Moved);
    }
    let work = work(shared, target, &git, &pull, ends, doer, wish)?;
    let new = work.done(wish.style)?;
    let update = push::Update { name: format!("refs/heads/{}", pull.base), old: ends.base, new };
    set(&git, &update)?;
    let merged = target.pulls.change(|pulls| {
        let pull = pulls.all.get_mut(&number).ok_or(Refusal::Closed)?;
        let now = Timestamp::now();
        let (commit, merge_base) = (new.to_string(), ends.merge_base.to_string());
        pull.merged = Some(Merged { at: now, by: doer.user.id, commit, merge_base });
        (pull.closed, pull.updated) = (Some(now), now);
        Ok::<_, Refusal>(pull.clone())
    })?;
    shared.pushed(target, &[update], login, doer.base);
    drop(writing);
    pull_request(shared, target, &merged, "closed", "pull_request", login, doer.base);
    if wish.delete_branch {
        delete_head(shared, target, &merged, doer);
    }
    Ok(merged)
}

fn set(git: &Git, update: &push::Update) -> Result<(), Refusal> {
    let mut verdicts = [push::validate(git, update)];
    push::apply(git, std::slice::from_ref(update), &mut verdicts, false);
    let [verdict] = verdicts;
    verdict.map_err(|_| Refusal::Moved)
}

fn work<'g>(
    shared: &Shared,
    target: &Arc<Repository>,
    git: &'g Git,
    pull: &PullRequest,
    ends: Ends,
    doer: &Doer<'_>,
    wish: &Merge,
) -> Result<Work<'g>, Refusal> {
    let committer = signature(&person(doer.user))?;
    let poster = shared.users.by_id(pull.author).filter(|poster| poster.id != doer.user.id);
    let author = poster.map_or_else(|| Ok(committer.clone()), |poster| signature(&person(&poster)))?;
    let mut message =
        if wish.title.is_empty() { first_line(shared, target, pull, wish.style) } else { wish.title.clone() };
    if !wish.message.is_empty() {
        message = format!("{message}\n\n{}", wish.message);
    }
    if wish.style == Style::Squash
        && (author.name_bytes(), author.email_bytes()) != (committer.name_bytes(), committer.email_bytes())
    {
        let who = author_line(&author);
        message = format!("{message}\n\nCo-authored-by: {who}\nCo-committed-by: {who}");
    }
    Ok(Work { git, ends, message, author, committer })
}

fn author_line(author: &Signature<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{} <{}>", text(author.name_bytes()), text(author.email_bytes()))
}

fn first_line(shared: &Shared, target: &Arc<Repository>, pull: &PullRequest, style: Style) -> String {
    let PullRequest { title, number, base, head, .. } = pull;
    if style == Style::Squash {
        return format!("{title} (#{number})");
    }
    let foreign = source(shared, target, pull).filter(|from| from.folder() != target.folder());
    let from = foreign.map(|from| format!("{}:", from.metadata().full_name())).unwrap_or_default();
    format!("Merge pull request '{title}' (#{number}) from {from}{} into {base}", head.branch)
}

/// Deletes the head's branch where the rules of its repository let the doer; a merge stands without that.
fn delete_head(shared: &Shared, target: &Arc<Repository>, pull: &PullRequest, doer: &Doer<'_>) {
    let Some(from) = source(shared, target, pull) else { return };
    let caller = super::super::access::Caller { user: Some(doer.user.clone()), ..Default::default() };
    let may_write = caller.permission(shared, &from.metadata()) >= Some(Permission::Write);
    let writer = Writer { login: doer.user.login.clone(), may_write };
    let writing = from.lock();
    let Ok(git) = from.open() else { return };
    let name = format!("refs/heads/{}", pull.head.branch);
    let old = push::target(&git, &name);
    let update = push::Update { name, old, new: Oid::ZERO_SHA1 };
    // Commits that came after the merge are not thrown away.
    if old.to_string() != pull.head_id || push::check(&from.metadata(), &git, &update, &writer).is_err() {
        return;
    }
    if set(&git, &update).is_ok() {
        shared.pushed(&from, &[update], &writer.login, doer.base);
    }
    drop(writing);
}

/// Brings the head up to its base. The right to write to the head's repository has been checked.
pub(crate) fn update(
    shared: &Shared,
    target: &Arc<Repository>,
    doer: &Doer<'_>,
    pull: &PullRequest,
    rebase: bool,
) -> Result<(), Refusal> {
    let from = source(shared, target, pull).ok_or(Refusal::NoBranch)?;
    let base_name = format!("refs/heads/{}", pull.base);
    let writing = from.lock();
    let git = from.open()?;
    let passing = from.folder() != target.folder();
    let base = if passing {
        fetch(&git, target, &format!("+{base_name}:{PASSING}"))?;
        let tip = git.refname_to_id(PASSING)?;
        git.find_reference(PASSING)?.delete()?;
        tip
    } else {
        git.refname_to_id(&base_name)?
    };
    let name = format!("refs/heads/{}", pull.head.branch);
    let head = git.refname_to_id(&name)?;
    let ends = Ends::between(&git, base, head)?;
    if !ends.is_behind() {
        return Err(Refusal::UpToDate { number: pull.number });
    }
    let committer = signature(&person(doer.user))?;
    let message = format!("Merge branch '{}' into {}", pull.base, pull.head.branch);
    // To bring the head up to the base is to merge the base into it.
    let ends = if rebase { ends } else { Ends { base: head, head: base, merge_base: ends.merge_base } };
    let work = Work { git: &git, ends, message, author: committer.clone(), committer };
    let new = work.done(if rebase { Style::Rebase } else { Style::Merge })?;
    let update = push::Update { name, old: head, new };
    let writer = Writer { login: doer.user.login.clone(), may_write: true };
    push::check(&from.metadata(), &git, &update, &writer).map_err(|_| Refusal::NotAllowed)?;
    set(&git, &update)?;
    shared.pushed(&from, &[update], &writer.login, doer.base);
    drop(writing);
    Ok(())
}
