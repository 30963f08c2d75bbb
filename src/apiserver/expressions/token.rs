//! Words of an expression. <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>

use super::value::{Value, string};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Literal(Value),
    /// Operators and brackets.
    Sign(&'static str),
    End,
}

/// Longer signs first.
const SIGNS: [&str; 23] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")",
    "[", "]", "{",
];

/// All words with their places, or the place of something that is none.
pub(super) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, usize> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = source[at..].chars().next() {
        let rest = &source[at..];
        if next.is_whitespace() {
            at += next.len_utf8();
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some((value, length)) = quoted(rest) {
            tokens.push((at, Token::Literal(value.ok_or(at)?)));
            at += length;
        } else if next.is_ascii_digit() || starts_with_fraction(rest) {
            let (value, length) = number(rest).ok_or(at)?;
            tokens.push((at, Token::Literal(value)));
            at += length;
        } else if next.is_ascii_alphabetic() || next == '_' {
            let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let length = rest.find(|letter| !word(letter)).unwrap_or(rest.len());
            tokens.push((at, named(&rest[..length])));
            at += length;
        } else {
            let sign = SIGNS.iter().chain(["}"].iter()).find(|sign| rest.starts_with(**sign)).ok_or(at)?;
            tokens.push((at, Token::Sign(sign)));
            at += sign.len();
        }
    }
    tokens.push((source.len(), Token::End));
    Ok(tokens)
}

fn starts_with_fraction(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

fn named(word: &str) -> Token {
    match word {
        "true" => Token::Literal(Value::Bool(true)),
        "false" => Token::Literal(Value::Bool(false)),
        "null" => Token::Literal(Value::Null),
        "in" => Token::Sign("in"),
        word => Token::Name(word.to_owned()),
    }
}

fn number(rest: &str) -> Option<(Value, usize)> {
    let bytes = rest.as_bytes();
    let digits = |from: usize, hex: bool| {
        let good = |byte: &&u8| if hex { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
        bytes.get(from..).map_or(0, |rest| rest.iter().take_while(good).count())
    };
    let hex = rest.starts_with("0x") || rest.starts_with("0X");
    let start = if hex { 2 } else { 0 };
    let mut end = start + digits(start, hex);
    let mut whole = true;
    if !hex {
        if bytes.get(end) == Some(&b'.') && digits(end + 1, false) > 0 {
            whole = false;
            end += 1 + digits(end + 1, false);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign, false);
            if exponent > 0 {
                whole = false;
                end += 1 + sign + exponent;
            }
        }
    }
    if !whole {
        let number: f64 = rest[..end].parse().ok()?;
        return number.is_finite().then_some((Value::Float(number), end));
    }
    let radix = if hex { 16 } else { 10 };
    if matches!(bytes.get(end), Some(b'u' | b'U')) {
        return Some((Value::UInt(u64::from_str_radix(&rest[start..end], radix).ok()?), end + 1));
    }
    Some((Value::Int(i64::from_str_radix(&rest[start..end], radix).ok()?), end))
}

/// A string or bytes, and how long it is in the source; without value if it is not well-formed.
fn quoted(rest: &str) -> Option<(Option<Value>, usize)> {
    let letters = rest.find(['\'', '"']).filter(|letters| *letters <= 2)?;
    let prefix = rest[..letters].to_ascii_lowercase();
    let (raw, bytes) = match prefix.as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "br" | "rb" => (true, true),
        _ => return None,
    };
    let quote = &rest[letters..=letters];
    let triple = quote.repeat(3);
    let mark = if rest[letters..].starts_with(&triple) { triple.as_str() } else { quote };
    let body = &rest[letters + mark.len()..];
    let end = end(body, mark, raw);
    let Some(end) = end else { return Some((None, rest.len())) };
    let length = letters + mark.len() + end + mark.len();
    let text = if raw { Some(body.as_bytes()[..end].to_vec()) } else { unescaped(&body[..end], bytes) };
    let value = text.and_then(|text| {
        if bytes {
            Some(Value::Bytes(text.into()))
        } else {
            String::from_utf8(text).ok().map(|text| string(&text))
        }
    });
    Some((value, length))
}

fn end(body: &str, mark: &str, raw: bool) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' && !raw {
            escaped = true;
        } else if body[at..].starts_with(mark) {
            return Some(at);
        } else if mark.len() == 1 && letter == '\n' {
            return None;
        }
    }
    None
}

fn unescaped(text: &str, bytes: bool) -> Option<Vec<u8>> {
    let mut result = Vec::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            push(&mut result, letter);
            continue;
        }
        let escaped = letters.next()?;
        let (digits, octal) = match escaped {
            'x' | 'X' => (2, false),
            'u' if !bytes => (4, false),
            'U' if !bytes => (8, false),
            '0'..='3' => (2, true),
            _ => {
                push(&mut result, plain(escaped)?);
                continue;
            }
        };
        let mut code: String = letters.by_ref().take(digits).collect();
        if code.chars().count() != digits {
            return None;
        }
        if octal {
            code.insert(0, escaped);
        }
        let code = u32::from_str_radix(&code, if octal { 8 } else { 16 }).ok()?;
        if bytes {
            result.push(u8::try_from(code).ok()?);
        } else {
            push(&mut result, char::from_u32(code)?);
        }
    }
    Some(result)
}

fn push(result: &mut Vec<u8>, letter: char) {
    result.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

fn plain(escaped: char) -> Option<char> {
    Some(match escaped {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '?' | '"' | '\'' | '`' => escaped,
        _ => return None,
    })
}
