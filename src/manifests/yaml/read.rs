//! Reads YAML documents into JSON values, with the error texts of the Go library that Kubernetes' tools use.

use serde_json::Value;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("yaml: {}{message}", place(*line))]
pub struct Error {
    /// Counted as the Go library does; zero where it says none.
    pub line: u64,
    /// In the Go library's words, where it has some.
    pub message: String,
}

fn place(line: u64) -> String {
    if line == 0 { String::new() } else { format!("line {line}: ") }
}

/// The most documents that one text may have.
const DOCUMENTS_LIMIT: usize = 10_000;

/// Reads all documents of a text; empty ones are left out.
pub fn read_documents(text: &str) -> Result<Vec<Value>, Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            // One more, so that the excess is told in our words.
            max_documents: DOCUMENTS_LIMIT + 1,
            max_nodes: 1_000_000,
            max_events: 4_000_000,
        },
    };
    let documents = serde_saphyr::from_multiple_with_options::<Value>(text, options);
    let documents = documents.map_err(|error| explain(text, &error))?;
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

/// libyaml's descendants word their complaints alike; Go's counts lines its own way.
fn explain(text: &str, error: &serde_saphyr::Error) -> Error {
    let (line, column) =
        error.location().map_or((1, 1), |location| (location.line().max(1), location.column()));
    let said = error.without_snippet().to_string();
    let said = said.lines().next().unwrap_or_default();
    let said = said.split(" at line").next().unwrap_or(said).trim();
    if let Some((bracket, at)) = unclosed(text, line, column) {
        // A broken list or map in brackets is reported where it begins, counted from zero.
        let line = if at > 1 { at - 1 } else { line - 1 };
        return Error { line, message: format!("did not find expected ',' or '{bracket}'") };
    }
    if said.contains("mapping values are not allowed") {
        let line = if line > 1 { line } else { 0 };
        return Error { line, message: "mapping values are not allowed in this context".to_owned() };
    }
    let expected = said.find("did not find expected").map(|at| &said[at..]);
    match expected {
        Some(message) => Error { line: line - 1, message: message.to_owned() },
        None => Error { line, message: said.to_owned() },
    }
}

/// The bracket that should close what is open just before a position, and the line where it was opened.
fn unclosed(text: &str, line: u64, column: u64) -> Option<(char, u64)> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = '\n';
    for (number, content) in (1..).zip(text.lines()) {
        let end = if number == line { usize::try_from(column).unwrap_or(usize::MAX) } else { usize::MAX };
        for char in content.chars().take(end) {
            match (quote, char) {
                (Some(open), char) if open == char => quote = None,
                (None, '#') if before.is_whitespace() => break,
                (None, '"' | '\'') if before.is_whitespace() || "[{,:".contains(before) => quote = Some(char),
                (None, '[' | '{') if !open.is_empty() || before.is_whitespace() => {
                    open.push((if char == '[' { ']' } else { '}' }, number));
                }
                (None, ']' | '}') => drop(open.pop()),
                _ => {}
            }
            before = char;
        }
        before = '\n';
        if number >= line {
            break;
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_as_kubernetes_tools_do() {
        let text = "a: yes\nb: 012\nc: 1e3\nd: true\n---\n---\n- x: y\n  z: ~\n";
        let expected =
            [json!({ "a": "yes", "b": 10, "c": 1000, "d": true }), json!([{ "x": "y", "z": null }])];
        assert_eq!(read_documents(text).unwrap(), expected);
    }

    #[test]
    fn errors_have_a_line_and_the_words_of_the_go_library() {
        for (text, expected) in [
            ("a: [1, 2\nb: 3\n", "yaml: line 1: did not find expected ',' or ']'"),
            ("a: 1\nk: x\nb:\n  c: [1, 2\nd: 3\n", "yaml: line 3: did not find expected ',' or ']'"),
            ("a: b: c\n", "yaml: mapping values are not allowed in this context"),
            ("x: y\na: b: c\n", "yaml: line 2: mapping values are not allowed in this context"),
        ] {
            assert_eq!(read_documents(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn many_documents_are_read() {
        let many = "kind: ConfigMap\nmetadata: {name: a}\n---\n".repeat(2_000);
        assert_eq!(read_documents(&many).unwrap().len(), 2_000);
    }

    #[test]
    fn bombs_and_duplicates_are_refused() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip("abcdefgh".chars()) {
            let items = vec![format!("*{before}"); 9].join(", ");
            bomb = format!("{bomb}{name}: &{name} [{items}]\n");
        }
        assert!(read_documents(&bomb).is_err());
        assert!(read_documents("a: 1\na: 2\n").is_err());
    }
}
