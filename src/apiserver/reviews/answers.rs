//! The answers. There is no authorization yet: everybody who is known may do everything, and that is what is said.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::accounts::Identity;
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
    let kind = call.target.kind.kind.as_str();
    review["kind"] = kind.into();
    review["apiVersion"] = call.target.kind.api_version().into();
    review["status"] = match kind {
        "SelfSubjectReview" => json!({"userInfo": user(&call.identity)}),
        "TokenReview" => json!({"user": {}, "error": "invalid bearer token"}),
        "SelfSubjectRulesReview" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false
        }),
        _ => json!({"allowed": true}),
    };
    Ok(respond::value(&call.query, StatusCode::CREATED, &review))
}

fn user(identity: &Identity) -> Value {
    let mut groups = identity.groups.clone();
    if !groups.iter().any(|group| group == "system:authenticated") {
        groups.push("system:authenticated".to_owned());
    }
    json!({"username": identity.username, "groups": groups})
}
