//! Label selectors as one word.

use serde_json::Value;

use super::row::items;

/// `a=b,c in (d,e)`, or `<none>` where everything or nothing is selected.
pub(super) fn shown(selector: &Value) -> String {
    let mut parts: Vec<String> = pairs(&selector["matchLabels"]);
    for expression in items(&selector["matchExpressions"]) {
        let key = expression["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> = items(&expression["values"]).iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        parts.push(match expression["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    if parts.is_empty() { "<none>".to_owned() } else { parts.join(",") }
}

/// Labels as `a=b,c=d`, or `<none>`.
pub(super) fn labels(labels: &Value) -> String {
    let parts = pairs(labels);
    if parts.is_empty() { "<none>".to_owned() } else { parts.join(",") }
}

fn pairs(labels: &Value) -> Vec<String> {
    let pairs = labels.as_object().into_iter().flatten();
    let mut parts: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    parts.sort();
    parts
}
