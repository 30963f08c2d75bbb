//! Role bindings: the groups of their role and subjects need not be written.

use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Says of which group roles and subjects are, where it was left open.
pub(super) fn complete(object: &mut Value) {
    if let Some(role) = object.get_mut("roleRef").filter(|role| role.is_object())
        && role["apiGroup"].as_str().unwrap_or_default().is_empty()
    {
        role["apiGroup"] = json!(GROUP);
    }
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        let person = matches!(subject["kind"].as_str(), Some("User" | "Group"));
        if person && subject["apiGroup"].as_str().unwrap_or_default().is_empty() {
            subject["apiGroup"] = json!(GROUP);
        }
    }
}
