//! Reads YAML documents into JSON values, with the error texts of the Go library that Kubernetes' tools use.

use serde_json::Value;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("yaml: line {line}: {message}")]
pub struct Error {
    /// Counted as the Go library does.
    pub line: u64,
    /// In the Go library's words, where it has some.
    pub message: String,
}

/// The most documents that one text may have.
const DOCUMENTS_LIMIT: usize = 10_000;

/// Reads all documents of a text; empty ones are left out.
pub fn read_documents(text: &str) -> Result<Vec<Value>, Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let documents = serde_saphyr::from_multiple_with_options::<Value>(text, options);
    let documents = documents.map_err(|error| explain(&error))?;
    if documents.len() > DOCUMENTS_LIMIT {
        return Err(Error { line: 1, message: format!("more than {DOCUMENTS_LIMIT} documents") });
    }
    Ok(documents.into_iter().filter(|document| !document.is_null()).map(whole_numbers).collect())
}

/// Go reads `1e3` into a float and writes it back as `1000`.
fn whole_numbers(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = whole_numbers(item.take())),
        Value::Object(fields) => fields.values_mut().for_each(|field| *field = whole_numbers(field.take())),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            if float.fract() == 0.0 && float.abs() < 1e15 {
                #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
                let whole = float as i64;
                return whole.into();
            }
        }
        _ => {}
    }
    value
}

fn explain(error: &serde_saphyr::Error) -> Error {
    let line = error.location().map_or(1, |location| location.line().max(1));
    let text = error.without_snippet().to_string();
    // libyaml's descendants word their complaints alike; the position is said in `line`.
    let message = ["did not find expected", "mapping values are not allowed", "found character that cannot start"]
        .iter()
        .find_map(|start| text.find(start).map(|at| &text[at..]))
        .map(|found| found.split(" at line").next().unwrap_or(found).trim().to_owned());
    let flow = text.find("expected ',' or").map(|at| format!("did not find {}", &text[at..]));
    let message = message.or(flow).unwrap_or(text);
    let message = message.lines().next().unwrap_or_default().trim_end().to_owned();
    Error { line, message }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_as_kubernetes_tools_do() {
        let text = "a: yes\nb: 012\nc: 1e3\nd: true\n---\n---\n- x: y\n  null: ~\n";
        let expected = [
            json!({ "a": "yes", "b": 10, "c": 1000, "d": true }),
            json!([{ "x": "y", "null": null }]),
        ];
        assert_eq!(read_documents(text).unwrap(), expected);
    }

    #[test]
    fn errors_have_a_line_and_the_words_of_the_go_library() {
        for (text, expected) in [
            ("a: [1, 2\nb: 3\n", "yaml: line 2: did not find expected ',' or ']'"),
            ("a: b: c\n", "yaml: line 1: mapping values are not allowed in this context"),
        ] {
            assert_eq!(read_documents(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn bombs_and_duplicates_are_refused() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip("abcdefgh".chars()) {
            let items = vec![format!("*{before}"); 9].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{items}]\n"));
        }
        assert!(read_documents(&bomb).is_err());
        assert!(read_documents("a: 1\na: 2\n").is_err());
    }
}
