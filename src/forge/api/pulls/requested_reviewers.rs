//! `…/pulls/{index}/requested_reviewers`: who is asked for a review.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{FoundPull, person};
use super::reviews::{answer, is_official, may_review};
use crate::accounts::{Permission, User};
use crate::forge::access::Caller;
use crate::forge::api::call::{Call, Payload, blocking};
use crate::forge::api::{ApiError, View};
use crate::forge::news;
use crate::forge::pulls::{PullRequest, Review, ReviewState};

type NumberPath = Path<(String, String, u64)>;

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    reviewers: Vec<String>,
}

/// Those who are meant, each of whom may see the repository.
fn people(call: &Call, wanted: &FoundPull, asked: &Asked) -> Result<Vec<User>, ApiError> {
    let mut people = Vec::new();
    for login in &asked.reviewers {
        let message = format!("User '{login}' not exist");
        let user = call.shared.users.get(login).ok_or(ApiError::Unknown { message, detail: None })?;
        let (id, repository) = (user.id, wanted.found.metadata.id);
        if user.id == wanted.pull.author {
            let message = format!("poster of pr can't be reviewer [user_id: {id}, repo_id: {repository}]");
            return Err(ApiError::Invalid { message });
        }
        if !may_review(call, wanted, &user) {
            let message = format!("Reviewer can't read [user_id: {id}, repo_name: {repository}]");
            return Err(ApiError::Invalid { message });
        }
        people.push(user);
    }
    Ok(people)
}

fn find(call: &Call, (owner, name, number): (String, String, u64)) -> Result<FoundPull, ApiError> {
    let found = call.repository(&owner, &name)?;
    call.user()?;
    let wanted = FoundPull::new(found, number)?;
    wanted.editable(call)?;
    Ok(wanted)
}

pub(crate) async fn add(
    call: Call,
    Path(path): NumberPath,
    Payload(asked): Payload<Asked>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let wanted = find(&call, path)?;
    let people = people(&call, &wanted, &asked)?;
    let login = call.user()?.login.clone();
    blocking(move || {
        let mut answers = Vec::new();
        for user in people {
            let (pull, made) = ask(&call, &wanted, &user)?;
            if let Some(review) = made {
                answers.push(answer(&call, &wanted, &review));
                let reviewer = person(&call.shared, &call.base, user.id, View::Signed);
                let more = json!({"requested_reviewer": reviewer});
                let kind = "pull_request_review_request";
                let news = news::News { pull: &pull, action: "review_requested", kind, more };
                news::tell_pull(&call.shared, &wanted.found.repository, &news, &login, &call.base);
            }
        }
        Ok((StatusCode::CREATED, Json(Value::Array(answers))))
    })
    .await
}

/// Asks once; nothing when the reviewer has been asked and has not answered yet.
fn ask(call: &Call, wanted: &FoundPull, user: &User) -> Result<(PullRequest, Option<Review>), ApiError> {
    let caller = Caller { user: Some(user.clone()), ..Default::default() };
    let metadata = &wanted.found.metadata;
    let permission = caller.permission(&call.shared, metadata).unwrap_or(Permission::Read);
    let official = is_official(metadata, &wanted.pull.base, permission, &user.login);
    wanted.change(|pulls, pull| {
        let asked = |review: &&Review| review.user == user.id && review.state == ReviewState::RequestReview;
        if pull.reviews.iter().any(|review| asked(&review)) {
            return Ok(None);
        }
        let now = Timestamp::now();
        let review = Review {
            id: pulls.next_review(),
            comment: pulls.next_comment(),
            user: user.id,
            state: ReviewState::RequestReview,
            body: String::new(),
            commit: String::new(),
            official,
            dismissed: false,
            stale: false,
            submitted: now,
            updated: now,
        };
        pull.reviews.push(review.clone());
        Ok(Some(review))
    })
}

pub(crate) async fn remove(
    call: Call,
    Path(path): NumberPath,
    Payload(asked): Payload<Asked>,
) -> Result<StatusCode, ApiError> {
    let wanted = find(&call, path)?;
    let ids: Vec<u64> = people(&call, &wanted, &asked)?.into_iter().map(|user| user.id).collect();
    blocking(move || {
        wanted.change(|_, pull| {
            let asked =
                |review: &Review| review.state == ReviewState::RequestReview && ids.contains(&review.user);
            pull.reviews.retain(|review| !asked(review));
            Ok(())
        })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
