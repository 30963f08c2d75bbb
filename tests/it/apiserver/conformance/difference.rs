//! Where two answers differ, in words.

use serde_json::Value;

use super::play::Answer;

/// A line for every place.
pub(super) fn between(expected: &Answer, given: &Answer) -> Vec<String> {
    let mut lines = Vec::new();
    if expected.code != given.code {
        let words = |answer: &Answer| {
            let message = answer.body.get("message").and_then(Value::as_str);
            format!("{} {}", answer.code, message.map_or_else(|| answer.body.to_string(), str::to_owned))
        };
        return vec![format!("real {}\n    ours {}", words(expected), words(given))];
    }
    walk("headers", &expected.headers.clone().into(), &given.headers.clone().into(), &mut lines);
    walk("", &expected.body, &given.body, &mut lines);
    lines
}

fn walk(at: &str, expected: &Value, given: &Value, lines: &mut Vec<String>) {
    match (expected, given) {
        (Value::Object(wanted), Value::Object(had)) => {
            for (name, value) in wanted {
                walk(&format!("{at}/{name}"), value, had.get(name).unwrap_or(&Value::Null), lines);
                if value.is_null() && !had.contains_key(name) {
                    lines.push(format!("{at}/{name}: null → nothing"));
                }
            }
            for (name, value) in had.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                lines.push(format!("{at}/{name}: nothing → {value}"));
            }
        }
        (Value::Array(wanted), Value::Array(had)) if wanted.len() == had.len() => {
            for (place, (value, other)) in wanted.iter().zip(had).enumerate() {
                walk(&format!("{at}/{place}"), value, other, lines);
            }
        }
        _ if expected == given => {}
        _ => lines.push(format!("{at}:\n    real {expected}\n    ours {given}")),
    }
}
