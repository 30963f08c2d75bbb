//! What a branch's rules ask before something is merged into it, in the order and the words of Gitea.

use super::super::metadata::{Metadata, Protection};
use super::super::repository::Repository;
use super::super::statuses;
use super::{Ends, PullRequest, Review, ReviewState};
use crate::accounts::Permission;

/// Whether somebody may merge into a branch at all.
pub(crate) fn may_merge(metadata: &Metadata, branch: &str, permission: Permission, login: &str) -> bool {
    let rule = metadata.protection(branch);
    permission >= Permission::Write && rule.is_none_or(|rule| rule.lets_merge(login))
}

/// What stands in the way; nothing when it may be merged.
pub(crate) fn blocked(
    repository: &Repository,
    metadata: &Metadata,
    pull: &PullRequest,
    ends: Ends,
) -> Option<&'static str> {
    let rule = metadata.protection(&pull.base)?;
    let statuses = repository.statuses.look(|all| all.current(&pull.head_id));
    if rule.merging.enable_status_check && !statuses::satisfy(&statuses, &rule.merging.status_check_contexts)
    {
        return Some("Not all required status checks successful");
    }
    reviews(rule, pull).or_else(|| {
        let outdated = rule.merging.block_on_outdated_branch && ends.is_behind();
        outdated.then_some("The head branch is behind the base branch")
    })
}

fn reviews(rule: &Protection, pull: &PullRequest) -> Option<&'static str> {
    let verdicts = pull.verdicts();
    let standing = |review: &&&Review| review.official && !review.dismissed;
    let of =
        |state: ReviewState| verdicts.iter().filter(standing).filter(move |review| review.state == state);
    let fresh = |review: &&&Review| !(rule.merging.ignore_stale_approvals && review.stale);
    let approvals = of(ReviewState::Approved).filter(fresh).count();
    if (approvals as u64) < rule.required_approvals {
        return Some("Does not have enough approvals");
    }
    if rule.merging.block_on_rejected_reviews && of(ReviewState::RequestChanges).next().is_some() {
        return Some("There are requested changes");
    }
    let asked = of(ReviewState::RequestReview).next().is_some();
    (rule.merging.block_on_official_review_requests && asked).then_some("There are official review requests")
}
