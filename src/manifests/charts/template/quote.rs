//! Go's quoted strings: how `%q` writes them, and how the source of a template reads them.

use std::fmt::Write as _;

/// Writes bytes as `%q` does.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' => quoted.push_str("\\\""),
                char => escape(char, &mut quoted),
            }
        }
        for byte in chunk.invalid() {
            _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted.push('"');
    quoted
}

/// Writes a character as `%q` does.
pub(super) fn quote_char(char: char) -> String {
    let mut quoted = String::from("'");
    match char {
        '\'' => quoted.push_str("\\'"),
        char => escape(char, &mut quoted),
    }
    quoted.push('\'');
    quoted
}

fn escape(char: char, quoted: &mut String) {
    match char {
        '\\' => quoted.push_str("\\\\"),
        '\u{7}' => quoted.push_str("\\a"),
        '\u{8}' => quoted.push_str("\\b"),
        '\u{c}' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\u{b}' => quoted.push_str("\\v"),
        char if is_print(char) => quoted.push(char),
        char => match u32::from(char) {
            code @ (..0x20 | 0x7f) => _ = write!(quoted, "\\x{code:02x}"),
            code @ ..0x1_0000 => _ = write!(quoted, "\\u{code:04x}"),
            code => _ = write!(quoted, "\\U{code:08x}"),
        },
    }
}

/// Near Go's `strconv.IsPrint`: no controls, no spaces but the plain one, nothing unassigned or private.
pub(super) fn is_print(char: char) -> bool {
    !(char.is_control()
        || (char.is_whitespace() && char != ' ')
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{10ffff}'))
}

/// Reads a string with its quotes, `"…"` or `` `…` ``. Nothing where it is malformed.
pub(super) fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if quoted.starts_with('`') {
        return Some(inner.replace('\r', "").into_bytes());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        rest = unescape(rest, '"', &mut bytes)?;
    }
    Some(bytes)
}

/// Reads a character constant with its quotes.
pub(super) fn unquote_char(quoted: &str) -> Option<char> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    let mut bytes = Vec::new();
    let rest = unescape(inner, '\'', &mut bytes)?;
    let mut chars = std::str::from_utf8(&bytes).ok()?.chars();
    match (rest, chars.next(), chars.next()) {
        ("", Some(char), None) => Some(char),
        _ => None,
    }
}

/// Takes one character off `rest`.
fn unescape<'a>(rest: &'a str, quote: char, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let mut chars = rest.chars();
    let char = chars.next()?;
    let push = |char: char, bytes: &mut Vec<u8>| {
        bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    };
    if char != '\\' {
        push(char, bytes);
        return Some(chars.as_str());
    }
    let escape = chars.next()?;
    let digits = |count: usize, radix: u32| {
        let digits = chars.as_str().get(..count)?;
        Some((u32::from_str_radix(digits, radix).ok()?, &chars.as_str()[count..]))
    };
    match escape {
        'a' => bytes.push(7),
        'b' => bytes.push(8),
        'f' => bytes.push(12),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(11),
        '\\' => bytes.push(b'\\'),
        char if char == quote => push(char, bytes),
        'x' => {
            let (code, rest) = digits(2, 16)?;
            bytes.push(u8::try_from(code).ok()?);
            return Some(rest);
        }
        'u' | 'U' => {
            let (code, rest) = digits(if escape == 'u' { 4 } else { 8 }, 16)?;
            push(char::from_u32(code)?, bytes);
            return Some(rest);
        }
        '0'..='7' => {
            let octal = rest.get(1..4)?;
            bytes.push(u8::from_str_radix(octal, 8).ok()?);
            return Some(&rest[4..]);
        }
        _ => return None,
    }
    Some(chars.as_str())
}
