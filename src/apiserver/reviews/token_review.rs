//! `TokenReview`: whose token is this.

use serde::Deserialize;
use serde_json::{Value, json};

use super::self_review::user_info;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    token: String,
    audiences: Vec<String>,
}

pub(super) fn answer(call: &Call, review: &mut Value) -> Result<(), Status> {
    let spec = Option::<Spec>::deserialize(&review["spec"]);
    let spec = spec.map_err(|error| Status::bad_request(format!("TokenReview in body: {error}")))?;
    let Spec { token, audiences } = spec.unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    if let Some((identity, good)) = call.server.bearer(&token, &audiences) {
        review["status"] = json!({"authenticated": true, "user": user_info(&identity), "audiences": good});
        return Ok(());
    }
    // The original has two readers of tokens, of which the one of accounts tells the wrong audience.
    let others = call.server.bearer(&token, &[]).filter(|_| !audiences.is_empty());
    let shown = |audiences: &[String]| json!(audiences).to_string().replace("\",\"", "\" \"");
    let error = match others {
        Some((_, own)) => format!(
            "[invalid bearer token, token audiences {} is invalid for the target audiences {}]",
            shown(&own),
            shown(&audiences)
        ),
        None => "invalid bearer token".to_owned(),
    };
    review["status"] = json!({"user": {}, "error": error});
    Ok(())
}
