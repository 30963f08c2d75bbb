//! sprig's functions on words: case, initials, abbreviations, wrapping. The rules are those of Go's strings package,
//! Masterminds/goutils and huandu/xstrings.

use rand::seq::SliceRandom as _;

use super::super::template::{Call, Failure, Function, Type, Value};
use Type::{Int, Text as Str};

type Answer = Result<Value, Failure>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("title", &[Str], |call| Ok(Value::text(title(&call.text(0))))),
    Function::new("untitle", &[Str], |call| Ok(Value::text(each_word(&call.text(0), lower)))),
    Function::new("swapcase", &[Str], |call| Ok(Value::text(swap_case(&call.text(0))))),
    Function::new("initials", &[Str], |call| Ok(Value::text(initials(&call.text(0))))),
    Function::new("shuffle", &[Str], |call| {
        let mut chars = call.text(0).chars().collect::<Vec<_>>();
        chars.shuffle(&mut rand::rng());
        Ok(Value::text(chars.into_iter().collect::<String>()))
    }),
    Function::new("snakecase", &[Str], |call| Ok(Value::text(connected(&call.text(0), '_')))),
    Function::new("kebabcase", &[Str], |call| Ok(Value::text(connected(&call.text(0), '-')))),
    Function::new("camelcase", &[Str], |call| Ok(Value::text(pascal(&call.text(0))))),
    Function::new("abbrev", &[Int, Str], |call| abbreviate(call, 0, call.int(0), 1)),
    Function::new("abbrevboth", &[Int, Int, Str], |call| {
        let (left, right) = (call.int(0), call.int(1));
        if right < 4 || (left > 0 && right < 7) {
            return Ok(call.value(2).clone());
        }
        abbreviate(call, left, right, 2)
    }),
    Function::new("wrap", &[Int, Str], |call| wrap(call, call.int(0), "\n", 1, false)),
    Function::new("wrapWith", &[Int, Str, Str], |call| {
        let separator = call.text(1).into_owned();
        let separator = if separator.is_empty() { "\n" } else { &separator };
        wrap(call, call.int(0), separator, 2, true)
    }),
];

/// The one lower-case letter of a character, or itself.
pub(super) fn lower(char: char) -> char {
    single(char, char.to_lowercase())
}

/// The one upper-case letter of a character, or itself: `ß` has none.
pub(super) fn upper(char: char) -> char {
    single(char, char.to_uppercase())
}

fn single(char: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(changed), None) => changed,
        _ => char,
    }
}

/// Go's `strings.Title`: what follows a letter, a digit or `_` begins no word.
fn title(text: &str) -> String {
    let mut before = ' ';
    let change = |char: char| {
        let begins = if before.is_ascii() {
            !(before.is_ascii_alphanumeric() || before == '_')
        } else {
            before.is_whitespace()
        };
        before = char;
        if begins { upper(char) } else { char }
    };
    text.chars().map(change).collect()
}

fn each_word(text: &str, change: fn(char) -> char) -> String {
    let mut begins = true;
    let each = |char: char| {
        if char.is_whitespace() {
            begins = true;
            return char;
        }
        let changed = if begins { change(char) } else { char };
        begins = false;
        changed
    };
    text.chars().map(each).collect()
}

fn swap_case(text: &str) -> String {
    let mut after_space = true;
    let each = |char: char| {
        if char.is_uppercase() {
            after_space = false;
            return lower(char);
        }
        if char.is_lowercase() {
            after_space = false;
            return upper(char);
        }
        after_space = char.is_whitespace();
        char
    };
    text.chars().map(each).collect()
}

fn initials(text: &str) -> String {
    text.split_whitespace().filter_map(|word| word.chars().next()).collect()
}

fn is_connector(char: char) -> bool {
    char == '-' || char == '_' || char.is_whitespace()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

fn is_punctuation(char: char) -> bool {
    (char.is_ascii_punctuation() && !matches!(char, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~'))
        || matches!(char, '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}' | '\u{2010}'
            ..='\u{2027}' | '\u{2030}'..='\u{205e}')
}

fn is_upper(char: char) -> bool {
    char.is_uppercase()
}

fn is_letter(char: char) -> bool {
    char.is_alphabetic()
}

/// The first word of `chars`: what it is and how long.
fn next_word(chars: &[char]) -> (Kind, usize) {
    let Some(&first) = chars.first() else { return (Kind::None, 0) };
    let run = |from: usize, test: &dyn Fn(char) -> bool| {
        from + chars[from..].iter().take_while(|char| test(**char)).count()
    };
    let small = |char: char| is_letter(char) && !is_upper(char);
    if is_connector(first) {
        return (Kind::Connector, run(1, &is_connector));
    }
    if is_punctuation(first) {
        return (Kind::Punctuation, run(1, &is_punctuation));
    }
    if is_upper(first) {
        let length = match chars.get(1) {
            Some(&second) if is_upper(second) => {
                let end = run(2, &is_upper);
                // `HTTPStatus` is `HTTP` and `Status`.
                if chars.get(end).is_some_and(|char| is_letter(*char)) { end - 1 } else { end }
            }
            Some(&second) if is_letter(second) => run(2, &small),
            _ => 1,
        };
        return (Kind::Upper, length);
    }
    if is_letter(first) {
        return (Kind::Alphabet, run(1, &small));
    }
    if first.is_numeric() {
        return (Kind::Number, run(1, &char::is_numeric));
    }
    let other =
        |char: char| !(is_connector(char) || is_letter(char) || char.is_numeric() || is_punctuation(char));
    (Kind::Other, run(1, &other))
}

/// `HTTPServer2xx` as `http_server_2xx`, by the rules of xstrings.
fn connected(text: &str, connector: char) -> String {
    let chars = text.chars().collect::<Vec<_>>();
    let mut words = Words { chars: &chars, at: 0, connector, out: String::new() };
    let mut current = words.take();
    while words.at < chars.len() {
        if current.0 != Kind::Connector {
            words.put(current);
        }
        let before = current;
        current = words.take();
        match before.0 {
            Kind::Number => {
                while matches!(current.0, Kind::Alphabet | Kind::Number) {
                    words.put(current);
                    current = words.take();
                }
                words.connect_unless(current.0, true);
            }
            Kind::Connector => words.put(before),
            Kind::Punctuation => {}
            _ if current.0 != Kind::Number => words.connect_unless(current.0, false),
            _ if words.at >= chars.len() => {}
            _ => {
                let number = current;
                current = words.take();
                if current.0 != Kind::Alphabet {
                    words.put((Kind::Number, number.1, number.2));
                    words.connect_unless(current.0, false);
                    continue;
                }
                words.out.push(connector);
                words.put((Kind::Number, number.1, number.2));
                while matches!(current.0, Kind::Alphabet | Kind::Number) {
                    words.put(current);
                    current = words.take();
                }
                words.connect_unless(current.0, true);
            }
        }
    }
    words.put(current);
    words.out
}

struct Words<'a> {
    chars: &'a [char],
    at: usize,
    connector: char,
    out: String,
}

type Word = (Kind, usize, usize);

impl Words<'_> {
    fn take(&mut self) -> Word {
        let start = self.at;
        let (kind, length) = next_word(&self.chars[start..]);
        self.at += length;
        (kind, start, self.at)
    }

    fn put(&mut self, (kind, start, end): Word) {
        for &char in &self.chars[start..end] {
            match kind {
                Kind::Upper => self.out.push(lower(char)),
                Kind::Connector => self.out.push(self.connector),
                _ => self.out.push(char),
            }
        }
    }

    fn connect_unless(&mut self, kind: Kind, nothing_too: bool) {
        let stays =
            matches!(kind, Kind::Connector | Kind::Punctuation) || (nothing_too && kind == Kind::None);
        if !stays {
            self.out.push(self.connector);
        }
    }
}

/// `http_server` as `HttpServer`, by the rules of xstrings.
fn pascal(text: &str) -> String {
    let chars = text.chars().collect::<Vec<_>>();
    let mut out = String::new();
    let leading = chars.iter().take_while(|char| is_connector(**char)).count();
    out.extend(&chars[..leading]);
    let Some(&first) = chars.get(leading) else { return out };
    let mut upper_run = is_upper(first);
    let mut current = upper(first);
    for &next in &chars[leading + 1..] {
        let before = current;
        current = next;
        if is_connector(current) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            upper_run = is_upper(current);
            current = upper(current);
        } else {
            if upper_run {
                if is_upper(current) {
                    current = lower(current);
                } else {
                    upper_run = false;
                }
            }
            out.push(before);
        }
    }
    out.push(current);
    out
}

/// Cuts the text at `at` to `width` bytes, with `...` where something is missing.
fn abbreviate(call: &Call, offset: i64, width: i64, at: usize) -> Answer {
    let bytes = call.bytes(at);
    let whole = || Ok(call.value(at).clone());
    let Ok(width) = usize::try_from(width) else { return whole() };
    if at == 1 && width < 4 {
        return whole();
    }
    if bytes.len() <= width {
        return whole();
    }
    let mut offset = usize::try_from(offset).unwrap_or(0).min(bytes.len());
    if bytes.len() - offset < width - 3 {
        offset = bytes.len() - (width - 3);
    }
    if offset <= 4 {
        return Ok(Value::text([&bytes[..width - 3], b"..."].concat()));
    }
    if width < 7 {
        return Ok(Value::text(""));
    }
    if offset + width - 3 < bytes.len() {
        let middle = &bytes[offset..];
        let middle = &middle[..(width - 6).min(middle.len())];
        return Ok(Value::text([b"...", middle, b"..."].concat()));
    }
    Ok(Value::text([b"...", &bytes[bytes.len() - (width - 3)..]].concat()))
}

fn wrap(call: &Call, width: i64, separator: &str, at: usize, long_words: bool) -> Answer {
    let bytes = call.bytes(at);
    let width = usize::try_from(width).unwrap_or(1).max(1);
    call.bound(bytes.len().saturating_mul(separator.len() + 1))?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut offset = 0;
    while bytes.len() - offset > width {
        if bytes[offset] == b' ' {
            offset += 1;
            continue;
        }
        let window = &bytes[offset..=offset + width];
        let end = match window.iter().rposition(|&byte| byte == b' ') {
            Some(space) => offset + space,
            None if long_words => {
                out.extend_from_slice(&bytes[offset..offset + width]);
                out.extend_from_slice(separator.as_bytes());
                offset += width;
                continue;
            }
            None => match bytes[offset + width..].iter().position(|&byte| byte == b' ') {
                Some(space) => offset + width + space,
                None => break,
            },
        };
        out.extend_from_slice(&bytes[offset..end]);
        out.extend_from_slice(separator.as_bytes());
        offset = end + 1;
    }
    out.extend_from_slice(&bytes[offset..]);
    Ok(Value::text(out))
}
