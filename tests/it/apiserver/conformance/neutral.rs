//! Takes out of answers what no two servers have in common: identities, times, revisions, addresses, random names.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
        (r"\b10\.43\.\d+\.\d+\b", "<ip>"),
        (r#"in scheme "[^"]+""#, "in scheme <scheme>"),
        (r"https://kubernetes\.default\.svc(\.cluster\.local)?", "<issuer>"),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
        (r"\b(kube-api-access|gen)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "$1-<suffix>"),
        (r"https?://127\.0\.0\.1:\d+", "https://<host>"),
        (r"\b127\.0\.0\.1:\d+", "<host>"),
        (
            r"\bToo large resource version: (\d+), current: \d+",
            "Too large resource version: $1, current: <rv>",
        ),
        (r#"resourceVersion(\\?":\\?")\d+"#, "resourceVersion$1<rv>"),
    ];
    patterns.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d{1,2}s$").unwrap());

/// The words that a case was played with, longest first, and what stands for them.
pub(super) struct Neutral {
    words: Vec<(Regex, String)>,
}

impl Neutral {
    pub(super) fn new(words: &[(String, String)]) -> Self {
        let known = words.iter().filter(|(_, text)| text.len() > 1);
        let one = |(name, text): &(String, String)| {
            let bounded = format!(r"(^|[^0-9A-Za-z]){}($|[^0-9A-Za-z])", regex::escape(text));
            (Regex::new(&bounded).unwrap(), format!("${{1}}<{name}>${{2}}"))
        };
        Self { words: known.map(one).collect() }
    }

    /// A text without what differs.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, name) in &self.words {
            // Neighbours share the character between them.
            for _ in 0..2 {
                text = word.replace_all(&text, name.as_str()).into_owned();
            }
        }
        for (pattern, name) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }

    /// The same of all texts in a value.
    pub(super) fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                // The heading of a column: what it says for people is prose, which is not compared.
                if fields.contains_key("priority") && fields.contains_key("format") {
                    fields.shift_remove("description");
                }
                let old = std::mem::take(fields);
                let mut renamed: Vec<_> = old.into_iter().collect();
                renamed.sort_by(|a, b| a.0.cmp(&b.0));
                for (name, mut value) in renamed {
                    match (name.as_str(), &value) {
                        ("resourceVersion" | "continue", Value::String(text)) if !text.is_empty() => {
                            value = format!("<{name}>").into();
                        }
                        // An age, which a slow machine makes a second longer.
                        (_, Value::Array(_)) if name.ends_with("cells") => {
                            for cell in value.as_array_mut().into_iter().flatten() {
                                if cell.as_str().is_some_and(|cell| AGE.is_match(cell)) {
                                    *cell = "<age>".into();
                                }
                            }
                            self.value(&mut value);
                        }
                        ("nodePort" | "healthCheckNodePort", Value::Number(_)) => value = "<port>".into(),
                        _ => self.value(&mut value),
                    }
                    fields.insert(self.text(&name), value);
                }
            }
            _ => {}
        }
    }
}
