//! sprig's functions on regular expressions, whose syntax is RE2's, as is that of the regex crate.

use regex::{NoExpand, Regex};

use super::super::template::{Call, Element, Failure, Function, List, Type, Value, quote};
use Type::{Int, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], |call| {
        Ok(Value::Bool(compile(call).is_ok_and(|pattern| pattern.is_match(&call.text(1)))))
    }),
    Function::new("mustRegexMatch", &[Str, Str], |call| {
        Ok(Value::Bool(compile(call)?.is_match(&call.text(1))))
    }),
    Function::new("regexFindAll", &[Str, Str, Int], |call| find_all(call, true)),
    Function::new("mustRegexFindAll", &[Str, Str, Int], |call| find_all(call, false)),
    Function::new("regexFind", &[Str, Str], |call| find(call, true)),
    Function::new("mustRegexFind", &[Str, Str], |call| find(call, false)),
    Function::new("regexReplaceAll", &[Str, Str, Str], |call| replace(call, true)),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], |call| replace(call, false)),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], |call| replace_literal(call, true)),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], |call| replace_literal(call, false)),
    Function::new("regexSplit", &[Str, Str, Int], |call| split(call, true)),
    Function::new("mustRegexSplit", &[Str, Str, Int], |call| split(call, false)),
    Function::new("regexQuoteMeta", &[Str], |call| Ok(Value::text(quote_meta(&call.text(0))))),
];

fn compile(call: &Call) -> Result<Regex, Failure> {
    let pattern = call.text(0);
    // Go's classes of digits, spaces and words are ASCII.
    let ascii = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B"];
    let mut translated = String::with_capacity(pattern.len());
    let mut rest = &*pattern;
    while let Some(char) = rest.chars().next() {
        if char == '\\' {
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            let escape = &rest[..length];
            if ascii.contains(&escape) && rest.is_ascii() && !escape.eq_ignore_ascii_case("\\b") {
                translated.push_str(&class(escape, &translated));
            } else {
                translated.push_str(escape);
            }
            rest = &rest[length..];
            continue;
        }
        translated.push(char);
        rest = &rest[char.len_utf8()..];
    }
    let quoted = || if pattern.contains('`') { quote(pattern.as_bytes()) } else { format!("`{pattern}`") };
    Regex::new(&translated)
        .map_err(|error| Failure::new(format!("error parsing regexp: {}: {}", reason(&error), quoted())))
}

/// An ASCII class as the regex crate writes it, within brackets or not.
fn class(escape: &str, before: &str) -> String {
    let inside = before.rfind('[').is_some_and(|open| !before[open + 1..].contains(']'));
    let set = match escape {
        "\\d" => "0-9",
        "\\w" => "0-9A-Za-z_",
        "\\s" => "\\t\\n\\f\\r ",
        "\\D" => "^0-9",
        "\\W" => "^0-9A-Za-z_",
        _ => "^\\t\\n\\f\\r ",
    };
    if inside && !set.starts_with('^') { set.to_owned() } else { format!("[{set}]") }
}

/// Go's words for what is wrong.
fn reason(error: &regex::Error) -> &'static str {
    let text = error.to_string();
    let reasons = [
        ("unclosed group", "missing closing )"),
        ("unclosed character class", "missing closing ]"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
        ("unopened group", "unexpected )"),
        ("invalid character class range", "invalid character class range"),
        ("unrecognized escape sequence", "invalid escape sequence"),
        ("look-around", "invalid or unsupported Perl syntax"),
    ];
    reasons.iter().find(|(words, _)| text.contains(words)).map_or("invalid syntax", |(_, reason)| reason)
}

/// Without `must`, Go panics with more words.
fn compiled(call: &Call, panics: bool) -> Result<Regex, Failure> {
    compile(call).map_err(|failure| {
        if !panics {
            return failure;
        }
        let pattern = call.text(0);
        let quoted = if pattern.contains('`') { quote(pattern.as_bytes()) } else { format!("`{pattern}`") };
        Failure::new(format!("regexp: Compile({quoted}): {failure}"))
    })
}

fn limit(call: &Call) -> usize {
    usize::try_from(call.int(2)).unwrap_or(usize::MAX)
}

fn find_all(call: &mut Call, panics: bool) -> Answer {
    let pattern = compiled(call, panics)?;
    let text = call.text(1);
    let found = pattern.find_iter(&text).take(limit(call)).map(|found| found.as_str()).collect::<Vec<_>>();
    if found.is_empty() {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    Ok(Value::texts(found))
}

fn find(call: &mut Call, panics: bool) -> Answer {
    let pattern = compiled(call, panics)?;
    Ok(Value::text(pattern.find(&call.text(1)).map_or("", |found| found.as_str())))
}

fn replace(call: &mut Call, panics: bool) -> Answer {
    let pattern = compiled(call, panics)?;
    let (text, replacement) = (call.text(1), call.text(2));
    call.bound(text.len().saturating_add((text.len() + 1).saturating_mul(replacement.len())))
        .or_else(|failure| if text.len() < 100_000 { Ok(()) } else { Err(failure) })?;
    Ok(Value::text(pattern.replace_all(&text, &*replacement).into_owned()))
}

fn replace_literal(call: &mut Call, panics: bool) -> Answer {
    let pattern = compiled(call, panics)?;
    Ok(Value::text(pattern.replace_all(&call.text(1), NoExpand(&call.text(2))).into_owned()))
}

/// Go's `Split`: an empty match at the start splits nothing off.
fn split(call: &mut Call, panics: bool) -> Answer {
    let pattern = compiled(call, panics)?;
    let text = call.text(1);
    let count = call.int(2);
    if count == 0 {
        return Ok(Value::List(List::nil(Element::Text)));
    }
    if !call.bytes(0).is_empty() && text.is_empty() {
        return Ok(Value::texts([""]));
    }
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in pattern.find_iter(&text) {
        if count > 0 && i64::try_from(parts.len()).unwrap_or(i64::MAX) == count - 1 {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text[begin..end].to_owned());
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(text[begin..].to_owned());
    }
    Ok(Value::texts(parts))
}

fn quote_meta(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        if "\\.+*?()|[]{}^$".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}
