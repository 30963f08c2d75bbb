//! Bindings of roles, and policies of admission.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::row::{created, items, joined, name, text_or};

/// The cells of a `RoleBinding` or `ClusterRoleBinding`.
pub(super) fn binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let role = &object["roleRef"];
    let subjects = |kind: &str| {
        let those = items(&object["subjects"]).iter().filter(|subject| subject["kind"] == kind);
        let names = those.map(|subject| {
            let name = text_or(&subject["name"], "");
            match subject["namespace"].as_str() {
                Some(namespace) if kind == "ServiceAccount" => format!("{namespace}/{name}"),
                _ => name.to_owned(),
            }
        });
        json!(names.collect::<Vec<_>>().join(", "))
    };
    vec![
        name(object),
        json!(format!("{}/{}", text_or(&role["kind"], ""), text_or(&role["name"], ""))),
        created(object, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}

/// The cells of a `ValidatingAdmissionPolicy`.
pub(super) fn policy(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, parameters) = (&object["spec"], &object["spec"]["paramKind"]);
    let kind = match parameters {
        Value::Null => "<unset>".to_owned(),
        kind => format!("{}/{}", text_or(&kind["apiVersion"], ""), text_or(&kind["kind"], "")),
    };
    vec![name(object), json!(items(&spec["validations"]).len()), json!(kind), created(object, now)]
}

/// The cells of a `ValidatingAdmissionPolicyBinding`.
pub(super) fn policy_binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, reference) = (&object["spec"], &object["spec"]["paramRef"]);
    let shown = match (reference, reference["name"].as_str(), reference["namespace"].as_str()) {
        (Value::Null, ..) => "<unset>".to_owned(),
        (_, Some(name), Some(namespace)) => format!("{namespace}/{name}"),
        (_, Some(name), None) => format!("*/{name}"),
        (_, None, namespace) => {
            let labels = reference["selector"]["matchLabels"].as_object().into_iter().flatten();
            let labels = labels.map(|(key, value)| format!("{key}={}", text_or(value, "")));
            format!("{}/{}", namespace.unwrap_or("*"), joined(labels, "*"))
        }
    };
    vec![name(object), json!(text_or(&spec["policyName"], "")), json!(shown), created(object, now)]
}
