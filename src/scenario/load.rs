//! From bytes to a model, or to a finding with a place. Everything about the parser's own words is here.

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

use super::lint::{Code, Finding, Place, did_you_mean, other_version, version_of};
use super::model::At;

/// The largest file of a workshop.
const LENGTH_LIMIT: usize = 1 << 20;
/// The deepest nesting.
const DEPTH_LIMIT: usize = 64;
/// The most nodes of one file.
const NODE_LIMIT: usize = 50_000;

/// Reads a YAML file.
pub(crate) fn parse<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<(T, String), Finding> {
    let nowhere = |message: String, help: &str| {
        Finding::new(Code::File, Place { file, source: "", at: At { line: 1, column: 1 } }, message)
            .help(help.to_owned())
    };
    if bytes.len() > LENGTH_LIMIT {
        let message = format!("the file has {} bytes; at most {LENGTH_LIMIT} are read", bytes.len());
        return Err(nowhere(message, "move long contents into files beside it"));
    }
    let source = match std::str::from_utf8(bytes) {
        Ok(source) if !source.contains('\0') => source,
        _ => return Err(nowhere("the file is not text in UTF-8".to_owned(), "save it as UTF-8")),
    };
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH_LIMIT, max_nodes: NODE_LIMIT, max_anchors: 100, max_aliases: 1_000 },
        strict_booleans: true,
    };
    serde_saphyr::from_str_with_options(source, options).map(|value| (value, source.to_owned())).map_err(
        |error| match version_of(source) {
            Some((at, version)) => other_version(Place { file, source, at }, version),
            None => explain(file, source, &error),
        },
    )
}

fn explain(file: &str, source: &str, error: &Error) -> Finding {
    let error = error.without_snippet();
    let at = error.location().map_or(At { line: 1, column: 1 }, At::from);
    let at = At { line: at.line.max(1), column: at.column.max(1) };
    let finding = |code: Code, message: String| Finding::new(code, Place { file, source, at }, message);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => finding(
            Code::UnknownField,
            format!("unknown field `{field}`"),
        )
        .help(did_you_mean(field, expected.iter().copied(), "this takes")),
        Error::SerdeUnknownVariant { variant, expected, .. } => finding(
            Code::UnknownWord,
            format!("unknown word `{variant}`"),
        )
        .help(did_you_mean(variant, expected.iter().copied(), "there is")),
        Error::SerdeMissingField { field, .. } => {
            let at = start_of_map(source, at);
            Finding::new(Code::MissingField, Place { file, source, at }, format!("missing field `{field}`"))
                .help(format!("add `{field}:` to this map"))
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            finding(Code::DuplicateKey, format!("the key `{key}` stands here a second time"))
                .help("remove one of the two".to_owned())
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => {
            finding(Code::OneKey, "an action or a check has exactly one key".to_owned())
                .help("indent what belongs to it, and begin the next one with `- `".to_owned())
        }
        Error::ExternallyTaggedEnumExpectedScalarOrMapping { .. }
        | Error::ExpectedStringKeyForExternallyTaggedEnum { .. } => {
            finding(Code::OneKey, "this is not an action or a check".to_owned())
                .help("write a map with one key, such as `- run: git status`".to_owned())
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            let unexpected = if unexpected == "unit value" { "nothing" } else { unexpected };
            // A value that was decoded by a tag has lost its place, and what was wanted there.
            if expected.contains("newtype") {
                return finding(Code::WrongValue, format!("{unexpected} where something else is expected"))
                    .help("a tag such as `!!binary` makes another value of it; write it without".to_owned());
            }
            finding(Code::WrongValue, format!("{unexpected} where {expected} is expected"))
        }
        Error::InvalidScalar { ty, .. } => match number(ty) {
            Some(words) => finding(Code::WrongValue, format!("this is not {words}")),
            None => finding(Code::WrongValue, format!("this is not a valid {ty}")),
        },
        Error::InvalidBooleanStrict { .. } => finding(Code::WrongValue, "this is not a boolean".to_owned())
            .help("write `true` or `false`".to_owned()),
        Error::NullIntoString { .. } => finding(Code::WrongValue, "a text is missing here".to_owned())
            .help("write a value after the colon; `\"\"` is the empty text".to_owned()),
        Error::Unexpected { expected, .. } => {
            let expected = match *expected {
                "string scalar" => "a text",
                "mapping start" => "a map",
                "sequence start" => "a list",
                other => other,
            };
            finding(Code::WrongValue, format!("something else than {expected}"))
                .help(format!("write {expected} here"))
        }
        Error::Message { msg, .. } => finding(Code::WrongValue, msg.clone()),
        Error::Budget { .. } => {
            finding(Code::File, "the file has too many nodes, anchors or levels".to_owned())
                .help(format!("at most {NODE_LIMIT} nodes and {DEPTH_LIMIT} levels are read"))
        }
        Error::MultipleDocuments { .. } => finding(Code::Syntax, "a second document begins here".to_owned())
            .help("one file holds one document; remove `---`".to_owned()),
        other => syntax(file, source, at, other),
    }
}

/// A type of number in words.
fn number(ty: &str) -> Option<&'static str> {
    Some(match ty {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" => "a whole number from 0 up",
        "i32" | "i64" => "a whole number",
        _ => return None,
    })
}

/// The first key of the block map that `at`, one of its keys, belongs to; the parser names the last it has read.
fn start_of_map(source: &str, at: At) -> At {
    let lines: Vec<&str> = source.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let is_text = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let column = at.column - 1;
    if lines.get(at.line - 1).is_none_or(|line| indent(line) != column) {
        return at;
    }
    let mut first = at.line;
    for number in (1..at.line).rev() {
        let line = lines[number - 1];
        if !is_text(line) {
            continue;
        }
        if column >= 2 && indent(line) == column - 2 && line.trim_start().starts_with("- ") {
            return At { line: number, column: at.column };
        }
        if indent(line) < column {
            break;
        }
        if indent(line) == column && !line.trim_start().starts_with("- ") {
            first = number;
        }
    }
    At { line: first, column: at.column }
}

fn syntax(file: &str, source: &str, at: At, error: &Error) -> Finding {
    let text = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    let first = text.lines().next().unwrap_or_default();
    if source.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        let help = "write `apiVersion: atelier/v1` and what follows".to_owned();
        return Finding::new(Code::Syntax, Place { file, source, at }, "the file is empty".to_owned())
            .help(help);
    }
    if first.contains("unit enum variant") {
        let help = "write the word alone, without a map or a list".to_owned();
        return Finding::new(
            Code::WrongValue,
            Place { file, source, at },
            "a word is expected here".to_owned(),
        )
        .help(help);
    }
    let message = first.split(" at line ").next().unwrap_or(first).trim_end_matches('.').to_owned();
    let line = source.lines().nth(at.line - 1).unwrap_or_default();
    let help = if line.trim_start_matches(' ').starts_with('\t') {
        "indent with spaces; YAML takes no tabs there"
    } else {
        "look at quotes, colons and indentation here and in the lines above"
    };
    Finding::new(Code::Syntax, Place { file, source, at }, message).help(help.to_owned())
}
