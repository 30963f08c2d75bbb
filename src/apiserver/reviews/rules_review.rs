//! `SelfSubjectRulesReview`: everything that I may do in a namespace, as `kubectl auth can-i --list` asks.

use serde_json::{Value, json};

use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

pub(super) fn answer(call: &Call, review: &mut Value) -> Result<(), Status> {
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let namespace = namespace.to_owned();
    review["spec"] = json!({});
    let (rules, wrong) = call.server.access.rules(&call.identity, &namespace);
    let (mut resources, mut others) = (Vec::new(), Vec::new());
    for rule in rules {
        let verbs = &rule.verbs;
        if !rule.resources.is_empty() {
            let mut row = json!({"verbs": verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
            if !rule.resource_names.is_empty() {
                row["resourceNames"] = json!(rule.resource_names);
            }
            resources.push(row);
        }
        if !rule.non_resource_urls.is_empty() {
            others.push(json!({"verbs": verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    review["status"] = json!({"resourceRules": resources, "nonResourceRules": others, "incomplete": false});
    if !wrong.is_empty() {
        review["status"]["incomplete"] = true.into();
        review["status"]["evaluationError"] = wrong.join(", ").into();
    }
    Ok(())
}
