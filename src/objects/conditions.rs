//! Conditions of any object (`status.conditions`), as the API conventions define them.
//! <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md>

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// RFC 3339, seconds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// For people.
    #[serde(default)]
    #[schemars(length(max = 32768))]
    pub message: String,
    /// The generation of the object that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// One word in `CamelCase`, for programs.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    pub reason: String,
    /// `True`, `False` or `Unknown`.
    #[schemars(extend("enum" = ["True", "False", "Unknown"]))]
    pub status: String,
    /// One word in `CamelCase`.
    #[serde(rename = "type")]
    #[schemars(length(max = 316))]
    pub kind: String,
}

/// Reads all conditions of `object`; entries that are none are left out.
pub fn conditions(object: &Value) -> Vec<Condition> {
    let list = object.pointer("/status/conditions").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|entry| Condition::deserialize(entry).ok()).collect()
}

/// Reads the condition named `kind`, such as `Ready`.
#[must_use]
pub fn condition(object: &Value, kind: &str) -> Option<Condition> {
    conditions(object).into_iter().find(|condition| condition.kind == kind)
}
