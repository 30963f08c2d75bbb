//! `…/pulls/{index}/reviews`: what reviewers say, and its dismissal.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{FoundPull, person};
use super::list::TEXT;
use crate::accounts::{Permission, User};
use crate::forge::access::Caller;
use crate::forge::api::ApiError;
use crate::forge::api::call::{Call, Found, Payload, blocking};
use crate::forge::api::paging::Page;
use crate::forge::api::users::{View, seconds};
use crate::forge::metadata::Metadata;
use crate::forge::news;
use crate::forge::pulls::{PullRequest, Review, ReviewState};

/// Reviews of one pull request.
const LIMIT: usize = 1000;

pub(super) fn answer(call: &Call, wanted: &FoundPull, review: &Review) -> Value {
    let view = if call.caller.user.is_some() { View::Signed } else { View::Public };
    let full_name = wanted.found.metadata.full_name();
    let address = format!("{}/{full_name}/pulls/{}", call.base, wanted.pull.number);
    let asked = review.state == ReviewState::RequestReview;
    let own = if asked { String::new() } else { format!("{address}#issuecomment-{}", review.comment) };
    json!({
        "id": review.id, "user": person(&call.shared, &call.base, review.user, view), "team": null,
        "state": review.state, "body": review.body, "commit_id": review.commit, "stale": review.stale,
        "official": review.official, "dismissed": review.dismissed, "comments_count": 0,
        "submitted_at": seconds(review.submitted), "updated_at": seconds(review.updated), "html_url": own,
        "pull_request_url": address
    })
}

type NumberPath = Path<(String, String, u64)>;
type ReviewPath = Path<(String, String, u64, u64)>;

pub(crate) async fn list(
    call: Call,
    Path((owner, name, number)): NumberPath,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let wanted = FoundPull::new(call.repository(&owner, &name)?, number)?;
    Ok(page.of(wanted.pull.reviews.clone(), |review| answer(&call, &wanted, &review)))
}

fn find(pull: &PullRequest, id: u64) -> Result<&Review, ApiError> {
    let missing = || ApiError::Unknown {
        message: "GetReviewByID".to_owned(),
        detail: Some(format!("review does not exist [id: {id}]")),
    };
    pull.reviews.iter().find(|review| review.id == id).ok_or_else(missing)
}

pub(crate) async fn get(
    call: Call,
    Path((owner, name, number, id)): ReviewPath,
) -> Result<Json<Value>, ApiError> {
    let wanted = FoundPull::new(call.repository(&owner, &name)?, number)?;
    Ok(Json(answer(&call, &wanted, find(&wanted.pull, id)?)))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct CreateReview {
    pub(in crate::forge) event: String,
    pub(in crate::forge) body: String,
    pub(in crate::forge) commit_id: String,
}

fn said(new: &CreateReview, own: bool) -> Result<ReviewState, ApiError> {
    let invalid = |message: &str| Err(ApiError::Invalid { message: message.to_owned() });
    let (state, silent) = match (new.event.as_str(), new.body.trim().is_empty()) {
        ("APPROVED" | "APPROVE", _) if own => return invalid("approve your own pull is not allowed"),
        ("REQUEST_CHANGES", _) if own => return invalid("reject your own pull is not allowed"),
        ("APPROVED" | "APPROVE", _) => (ReviewState::Approved, None),
        ("REQUEST_CHANGES", empty) => {
            (ReviewState::RequestChanges, empty.then_some("review event REQUEST_CHANGES requires a body"))
        }
        ("COMMENT", empty) => {
            (ReviewState::Comment, empty.then_some("review event COMMENT requires a body or a comment"))
        }
        // Gitea takes any other word for a draft that nobody sees; here nothing waits unseen.
        (other, _) => {
            let message = format!("unknown review event: {other}; one of APPROVED, REQUEST_CHANGES, COMMENT");
            return Err(ApiError::Invalid { message });
        }
    };
    silent.map_or(Ok(state), invalid)
}

/// Whether a reviewer's word counts for the rules of the base.
pub(super) fn is_official(metadata: &Metadata, branch: &str, permission: Permission, login: &str) -> bool {
    let rule = metadata.protection(branch);
    permission >= Permission::Write && rule.is_none_or(|rule| rule.counts_approval(login))
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name, number)): NumberPath,
    Payload(new): Payload<CreateReview>,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    let wanted = FoundPull::new(found, number)?;
    wanted.found.alive()?;
    let state = said(&new, wanted.pull.author == user.id)?;
    if !wanted.pull.is_open() && state != ReviewState::Comment {
        let message = "can't submit review for a closed or merged PR".to_owned();
        return Err(ApiError::Invalid { message });
    }
    if new.body.len() > TEXT || wanted.pull.reviews.len() >= LIMIT {
        return Err(ApiError::Invalid { message: format!("[Body]: MaxSize {TEXT}") });
    }
    blocking(move || {
        let (pull, review) = add(&wanted, &user, state, new)?;
        let kind = match state {
            ReviewState::Approved => "pull_request_review_approved",
            ReviewState::RequestChanges => "pull_request_review_rejected",
            _ => "pull_request_review_comment",
        };
        let reviewer = person(&call.shared, &call.base, user.id, View::Signed);
        let more = json!({"requested_reviewer": reviewer, "review": {"type": kind, "content": review.body}});
        let news = news::News { pull: &pull, action: "reviewed", kind, more };
        news::tell_pull(&call.shared, &wanted.found.repository, &news, &user.login, &call.base);
        Ok(Json(answer(&call, &wanted, &review)))
    })
    .await
}

fn add(
    wanted: &FoundPull,
    user: &User,
    state: ReviewState,
    new: CreateReview,
) -> Result<(PullRequest, Review), ApiError> {
    let Found { metadata, permission, .. } = &wanted.found;
    let counts = is_official(metadata, &wanted.pull.base, *permission, &user.login);
    wanted.change(|pulls, pull| {
        let now = Timestamp::now();
        let verdict = state != ReviewState::Comment;
        if verdict {
            // The newest word of a reviewer is the one that counts.
            for old in pull.reviews.iter_mut().filter(|review| review.user == user.id) {
                old.official = false;
                old.dismissed |= old.state == ReviewState::RequestChanges;
            }
            pull.reviews.retain(|old| old.user != user.id || old.state != ReviewState::RequestReview);
        }
        let commit = if new.commit_id.is_empty() {
            pull.head_id.clone()
        } else {
            new.commit_id.chars().take(40).collect()
        };
        let review = Review {
            id: pulls.next_review(),
            comment: pulls.next_comment(),
            user: user.id,
            state,
            body: new.body,
            stale: commit != pull.head_id,
            commit,
            official: verdict && counts,
            dismissed: false,
            submitted: now,
            updated: now,
        };
        pull.reviews.push(review.clone());
        Ok(review)
    })
}

pub(crate) async fn delete(
    call: Call,
    Path((owner, name, number, id)): ReviewPath,
) -> Result<StatusCode, ApiError> {
    let found = call.repository(&owner, &name)?;
    let user = call.user()?.clone();
    let wanted = FoundPull::new(found, number)?;
    let missing = || ApiError::Unknown { message: "ReviewNotInPR".to_owned(), detail: None };
    let review = wanted.pull.reviews.iter().find(|review| review.id == id).ok_or_else(missing)?;
    if review.user != user.id && !user.is_admin {
        return Err(ApiError::Forbidden { message: "only the reviewer can delete the review".to_owned() });
    }
    blocking(move || {
        wanted.change(|_, pull| {
            pull.reviews.retain(|review| review.id != id);
            Ok(())
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

#[derive(Deserialize)]
pub(crate) struct Dismissal {
    #[serde(default)]
    #[expect(dead_code, reason = "Gitea shows it in the conversation, where ours has no line for it")]
    message: String,
}

pub(crate) async fn dismiss(
    call: Call,
    path: ReviewPath,
    Payload(_): Payload<Dismissal>,
) -> Result<Json<Value>, ApiError> {
    set_dismissed(call, path, true).await
}

pub(crate) async fn restore(call: Call, path: ReviewPath) -> Result<Json<Value>, ApiError> {
    set_dismissed(call, path, false).await
}

async fn set_dismissed(
    call: Call,
    Path((owner, name, number, id)): ReviewPath,
    dismissed: bool,
) -> Result<Json<Value>, ApiError> {
    let found = call.repository(&owner, &name)?;
    call.user()?;
    let wanted = FoundPull::new(found, number)?;
    if wanted.found.permission < Permission::Admin {
        return Err(ApiError::Forbidden { message: "Must be repo admin".to_owned() });
    }
    let state = find(&wanted.pull, id)?.state;
    if !matches!(state, ReviewState::Approved | ReviewState::RequestChanges) {
        let message = "not need to dismiss this review because it's type is not Approve or change request";
        return Err(ApiError::Forbidden { message: message.to_owned() });
    }
    blocking(move || {
        let (pull, ()) = wanted.change(|_, pull| {
            let review =
                pull.reviews.iter_mut().find(|review| review.id == id).ok_or_else(ApiError::missing)?;
            review.dismissed = dismissed;
            review.updated = Timestamp::now();
            Ok(())
        })?;
        Ok(Json(answer(&call, &wanted, find(&pull, id)?)))
    })
    .await
}

/// The collaborators and teams who may be asked: whoever may read.
pub(super) fn may_review(call: &Call, wanted: &FoundPull, user: &User) -> bool {
    let caller = Caller { user: Some(user.clone()), ..Default::default() };
    caller.permission(&call.shared, &wanted.found.metadata).is_some()
}
