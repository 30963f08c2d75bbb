//! Which question is answered by which file: the only list.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{access_review, rules_review, self_review, token_review};
use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;

/// Whether creating an object of this kind is a question.
pub(crate) fn is_review(target: &Target) -> bool {
    matches!(target.kind.group.as_str(), "authentication.k8s.io" | "authorization.k8s.io")
}

/// Answers a question.
pub(crate) async fn answer(mut call: Call) -> Result<Response, Status> {
    call.target.require("create")?;
    let mut review = call.object().await?;
    if !review["metadata"].is_object() {
        review["metadata"] = json!({});
    }
    let kind = call.target.kind.kind.clone();
    review["kind"] = kind.as_str().into();
    review["apiVersion"] = call.target.kind.api_version().into();
    match kind.as_str() {
        "SelfSubjectReview" => self_review::answer(&call.identity, &mut review),
        "SelfSubjectRulesReview" => rules_review::answer(&call, &mut review)?,
        "TokenReview" => token_review::answer(&call, &mut review)?,
        _ => access_review::answer(&call, &mut review)?,
    }
    Ok(respond::value(&call.query, StatusCode::CREATED, &review))
}
