//! Changing references: by git and by the REST API alike. Rules for branches are checked first, then each reference
//! is compared and swapped under the repository's lock.

use git2::Oid;

use super::access::Writer;
use super::metadata::Metadata;
use super::repository::Repository;

/// One reference to be made (`old` is zero), moved or deleted (`new` is zero).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    pub(super) name: String,
    pub(super) old: Oid,
    pub(super) new: Oid,
}

/// Why a reference was left as it was; the words are those of `git receive-pack`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("funny refname")]
    Name,
    #[error("missing necessary objects")]
    Missing,
    #[error("pre-receive hook declined")]
    Rule,
    #[error("failed to update ref")]
    Stale,
    #[error("atomic transaction failed")]
    Atomic,
    #[error("unpacker error")]
    Unpacker,
    #[error("hook declined")]
    Hook,
}

/// A refused rule, in words for the person who pushes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rule {
    #[error("User permission denied for writing.")]
    NotAWriter,
    #[error("Not allowed to push to protected branch {branch}")]
    Protected { branch: String },
    #[error("branch {branch} is protected from force push")]
    ForcePush { branch: String },
    #[error("branch {branch} is protected from deletion")]
    Deletion { branch: String },
    #[error("branch {branch} is the default branch and cannot be deleted")]
    DefaultBranch { branch: String },
}

/// Checks what the repository's settings say of an update. `git` must see the new objects.
pub(super) fn check(
    metadata: &Metadata,
    git: &git2::Repository,
    update: &Update,
    writer: &Writer,
) -> Result<(), Rule> {
    if !writer.may_write {
        return Err(Rule::NotAWriter);
    }
    let Some(branch) = update.name.strip_prefix("refs/heads/") else { return Ok(()) };
    let branch = branch.to_owned();
    if update.new.is_zero() && branch == metadata.default_branch {
        return Err(Rule::DefaultBranch { branch });
    }
    let Some(rule) = metadata.protection(&branch) else { return Ok(()) };
    if update.new.is_zero() {
        return Err(Rule::Deletion { branch });
    }
    let forced = !update.old.is_zero() && !git.graph_descendant_of(update.new, update.old).unwrap_or(false);
    if forced && !rule.enable_force_push {
        return Err(Rule::ForcePush { branch });
    }
    if rule.lets_push(&writer.login) { Ok(()) } else { Err(Rule::Protected { branch }) }
}

/// Whether an update can be made at all.
pub(super) fn validate(git: &git2::Repository, update: &Update) -> Result<(), Refusal> {
    let name = &update.name;
    if !name.starts_with("refs/") || !git2::Reference::is_valid_name(name) || name.len() > 250 {
        return Err(Refusal::Name);
    }
    // Those of pull requests are the forge's own.
    if name.starts_with("refs/pull/") {
        return Err(Refusal::Hook);
    }
    if update.new.is_zero() {
        return Ok(());
    }
    let found = git.find_object(update.new, None).map_err(|_| Refusal::Missing)?;
    // A branch that is not a commit cannot be checked out by anybody.
    if name.starts_with("refs/heads/") && found.kind() != Some(git2::ObjectType::Commit) {
        return Err(Refusal::Stale);
    }
    Ok(())
}

/// Makes the updates whose verdict is good so far, and tells those that could not be made. The caller holds the
/// repository's lock.
pub(super) fn apply(
    git: &git2::Repository,
    updates: &[Update],
    verdicts: &mut [Result<(), Refusal>],
    atomic: bool,
) {
    if atomic {
        for (update, verdict) in updates.iter().zip(verdicts.iter_mut()) {
            if verdict.is_ok() && !is_current(git, update, updates) {
                *verdict = Err(Refusal::Stale);
            }
        }
        if verdicts.iter().any(Result::is_err) {
            verdicts
                .iter_mut()
                .filter(|verdict| verdict.is_ok())
                .for_each(|good| *good = Err(Refusal::Atomic));
            return;
        }
    }
    // Deletions first: `refs/heads/a` must be gone before `refs/heads/a/b` can be.
    for deletions in [true, false] {
        for (update, verdict) in updates.iter().zip(verdicts.iter_mut()) {
            if verdict.is_ok() && update.new.is_zero() == deletions {
                *verdict = set(git, update).map_err(|_| Refusal::Stale);
            }
        }
    }
}

/// Whether the reference is where the client believes it to be, and its name fits among the others.
fn is_current(git: &git2::Repository, update: &Update, all: &[Update]) -> bool {
    if target(git, &update.name) != update.old {
        return false;
    }
    let deleted = |name: &str| all.iter().any(|other| other.new.is_zero() && other.name == name);
    let in_the_way = |name: &str| !deleted(name) && !target(git, name).is_zero();
    let parents = update.name.match_indices('/').map(|(at, _)| &update.name[..at]);
    let below = git.references_glob(&format!("{}/*", update.name)).ok();
    let below =
        below.into_iter().flatten().flatten().filter_map(|found| found.name().map(str::to_owned).ok());
    update.new.is_zero()
        || !update.old.is_zero()
        || !(parents.into_iter().any(in_the_way) || below.into_iter().any(|name| !deleted(&name)))
}

fn set(git: &git2::Repository, update: &Update) -> Result<(), git2::Error> {
    let stale = || git2::Error::from_str("the reference has moved");
    if target(git, &update.name) != update.old {
        return Err(stale());
    }
    if update.new.is_zero() {
        if update.old.is_zero() {
            return Ok(());
        }
        return git.find_reference(&update.name)?.delete();
    }
    if update.old.is_zero() {
        return git.reference(&update.name, update.new, false, "push").map(|_| ());
    }
    git.reference_matching(&update.name, update.new, true, update.old, "push").map(|_| ())
}

/// Where a reference is; zero when it is nowhere.
pub(super) fn target(git: &git2::Repository, name: &str) -> Oid {
    git.find_reference(name).ok().and_then(|found| found.target()).unwrap_or(Oid::ZERO_SHA1)
}

/// After the first push to an empty repository: what was pushed is what a clone checks out.
pub(super) fn choose_default_branch(repository: &Repository, git: &git2::Repository, updates: &[Update]) {
    let default = repository.metadata().default_branch;
    let there = |branch: &str| !target(git, &format!("refs/heads/{branch}")).is_zero();
    if there(&default) {
        return;
    }
    let pushed = updates.iter().filter_map(|update| update.name.strip_prefix("refs/heads/"));
    if let Some(branch) =
        pushed.filter(|branch| there(branch)).min_by_key(|&branch| (branch != "main", branch))
    {
        // The push itself has been made; that a clone then checks out nothing is no reason to refuse it.
        if let Err(error) = repository.set_default_branch(branch) {
            tracing::warn!(%branch, "default branch not changed: {error}");
        }
    }
}
