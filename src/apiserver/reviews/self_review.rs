//! `SelfSubjectReview`: who am I.

use serde_json::{Value, json};

use crate::accounts::Identity;
use crate::apiserver::meta;

pub(super) fn answer(identity: &Identity, review: &mut Value) {
    review["metadata"]["creationTimestamp"] = meta::now().into();
    review["status"] = json!({"userInfo": user_info(identity)});
}

/// All that is known of a user.
pub(super) fn user_info(identity: &Identity) -> Value {
    let mut info = json!({"username": identity.username});
    if !identity.uid.is_empty() {
        info["uid"] = identity.uid.as_str().into();
    }
    info["groups"] = json!(identity.groups);
    if !identity.extra.is_empty() {
        info["extra"] = json!(identity.extra);
    }
    info
}
