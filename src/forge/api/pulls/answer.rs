//! What a pull request looks like wherever one is part of an answer, and how one is found and refused.

use serde_json::{Value, json};

use crate::accounts::Permission;
use crate::forge::api::call::{Call, Found};
use crate::forge::api::users::{self, View, seconds};
use crate::forge::api::{ApiError, repos};
use crate::forge::pulls::{Ends, Failure, Head, PullRequest, Refusal, pull_reference};
use crate::forge::repository::Repository;
use crate::forge::server::Shared;

/// Lists tell less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::forge) enum Detail {
    Listed,
    Single,
}

/// A user by id, as far as there is one.
pub(in crate::forge) fn person(shared: &Shared, base: &str, id: u64, view: View) -> Option<Value> {
    shared.users.by_id(id).map(|user| users::user(base, &user, view))
}

/// One end's branch and repository.
fn end(
    shared: &Shared,
    base: &str,
    end: &Head,
    reference: &str,
    sha: &str,
    permission: Option<Permission>,
) -> Value {
    let found = shared.repositories.by_id(end.repository);
    let repository =
        found.map(|found| repos::repository(shared, &found, &found.metadata(), base, permission));
    json!({"label": end.branch, "ref": reference, "sha": sha, "repo_id": end.repository, "repo": repository})
}

/// A pull request as part of an answer. Without a permission it is seen by everybody.
pub(in crate::forge) fn pull_request(
    shared: &Shared,
    base: &str,
    repository: &Repository,
    pull: &PullRequest,
    permission: Option<Permission>,
    detail: Detail,
) -> Result<Value, git2::Error> {
    let (git, metadata) = (repository.open()?, repository.metadata());
    let view = if permission.is_some() { View::Signed } else { View::Public };
    let user = |id: u64| person(shared, base, id, view);
    let ends = Ends::of(&git, pull).ok();
    let address = format!("{base}/{}/pulls/{}", metadata.full_name(), pull.number);
    let single = detail == Detail::Single;
    let reviewers: Vec<Value> = pull.reviewers().into_iter().filter_map(user).collect();
    let listed =
        |values: Vec<Value>| if values.is_empty() && !single { Value::Null } else { Value::Array(values) };
    let mut answer = json!({
        "id": pull.number, "url": address, "number": pull.number, "user": user(pull.author), "title": pull.title,
        "body": pull.body, "labels": [], "milestone": null, "assignee": null, "assignees": listed(Vec::new()),
        "requested_reviewers": listed(reviewers), "requested_reviewers_teams": listed(Vec::new()),
        "state": if pull.is_open() { "open" } else { "closed" }, "draft": pull.is_draft(), "is_locked": false,
        "comments": pull.talk()
    });
    let reviews = pull.talk() - pull.comments.len();
    if reviews > 0 {
        answer["review_comments"] = Value::from(reviews);
    }
    if let (true, Some(ends)) = (single, ends) {
        let stats = ends.diff(&git)?.stats()?;
        answer["additions"] = Value::from(stats.insertions());
        answer["deletions"] = Value::from(stats.deletions());
        answer["changed_files"] = Value::from(stats.files_changed());
    }
    let mergeable =
        ends.map_or(Ok(false), |ends| if pull.merged.is_some() { Ok(true) } else { ends.merges(&git) })?;
    let merged = pull.merged.as_ref();
    let own = Head { repository: metadata.id, branch: pull.base.clone() };
    let base_sha = ends.map(|ends| ends.base.to_string()).unwrap_or_default();
    let head_reference = head_reference(shared, pull);
    let more = json!({
        "html_url": address, "diff_url": format!("{address}.diff"), "patch_url": format!("{address}.patch"),
        "mergeable": mergeable && !pull.is_draft(), "merged": merged.is_some(),
        "merged_at": merged.map(|merged| seconds(merged.at)),
        "merge_commit_sha": merged.map(|merged| &merged.commit),
        "merged_by": merged.filter(|_| single).and_then(|merged| user(merged.by)), "allow_maintainer_edit": false,
        "base": end(shared, base, &own, &pull.base, &base_sha, permission),
        "head": end(shared, base, &pull.head, &head_reference, &pull.head_id, permission),
        "merge_base": ends.map(|ends| ends.merge_base.to_string()), "due_date": null,
        "created_at": seconds(pull.created), "updated_at": seconds(pull.updated),
        "closed_at": pull.closed.map(seconds), "pin_order": 0
    });
    if let (Some(fields), Value::Object(more)) = (answer.as_object_mut(), more) {
        fields.extend(more);
    }
    Ok(answer)
}

/// The branch; once that is gone, the reference that stays.
fn head_reference(shared: &Shared, pull: &PullRequest) -> String {
    let name = format!("refs/heads/{}", pull.head.branch);
    let from = shared.repositories.by_id(pull.head.repository);
    let there = from.and_then(|from| from.open().ok()).is_some_and(|git| git.find_reference(&name).is_ok());
    if there { pull.head.branch.clone() } else { pull_reference(pull.number) }
}

/// A pull request of a repository that the caller may see.
pub(super) struct FoundPull {
    pub(super) found: Found,
    pub(super) pull: PullRequest,
}

impl FoundPull {
    pub(super) fn new(found: Found, number: u64) -> Result<Self, ApiError> {
        let pull = found.repository.pulls.look(|pulls| pulls.all.get(&number).cloned());
        Ok(Self { found, pull: pull.ok_or_else(ApiError::missing)? })
    }

    pub(super) fn answer(&self, call: &Call, pull: &PullRequest) -> Result<Value, ApiError> {
        answer(call, &self.found, pull, Detail::Single)
    }

    /// For the author and for those who may push; others are told nothing but no.
    pub(super) fn editable(&self, call: &Call) -> Result<(), ApiError> {
        let own = call.user()?.id == self.pull.author;
        if own || self.found.permission >= Permission::Write { Ok(()) } else { Err(ApiError::Forbid) }
    }

    /// Changes it. The change sees all of the repository's, for the sake of ids.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut crate::forge::pulls::Pulls, &mut PullRequest) -> Result<T, ApiError>,
    ) -> Result<(PullRequest, T), ApiError> {
        let number = self.pull.number;
        self.found.repository.pulls.change(|pulls| {
            let mut pull = pulls.all.get(&number).cloned().ok_or_else(ApiError::missing)?;
            let done = change(pulls, &mut pull)?;
            pull.updated = jiff::Timestamp::now();
            pulls.all.insert(number, pull.clone());
            Ok((pull, done))
        })
    }
}

pub(super) fn answer(
    call: &Call,
    found: &Found,
    pull: &PullRequest,
    detail: Detail,
) -> Result<Value, ApiError> {
    let permission = call.caller.user.as_ref().map(|_| found.permission);
    Ok(pull_request(&call.shared, &call.base, &found.repository, pull, permission, detail)?)
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::NoBranch | Refusal::Closed => Self::missing(),
            Refusal::SameBranch | Refusal::TooMany => Self::Invalid { message },
            Refusal::Merged
            | Refusal::NotAllowed
            | Refusal::Draft
            | Refusal::NotMergeable
            | Refusal::Rule(_)
            | Refusal::Style => Self::NotAllowed { message },
            Refusal::Failure(Failure::Git(error)) => error.into(),
            Refusal::Failure(Failure::Unrelated { style }) => Self::Merge { style, message },
            Refusal::Exists { .. } | Refusal::Moved | Refusal::UpToDate { .. } | Refusal::Failure(_) => {
                Self::Conflict { message }
            }
            Refusal::Forge(error) => error.into(),
        }
    }
}
