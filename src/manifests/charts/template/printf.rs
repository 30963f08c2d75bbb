//! Go's `printf`: verbs, flags, width, precision, argument indexes, and what it says about wrong ones.

use super::print::{float_text, plain_text, print, scientific, shortest_digits, special};
use super::quote::{quote, quote_char};
use super::value::Value;

/// The widest that a verb may pad, as in Go.
const WIDTH_LIMIT: usize = 1_000_000;

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "these are the five flags of a verb")]
struct Verb {
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Formats `arguments` as Go's `fmt.Sprintf` does.
pub(crate) fn sprintf(format: &[u8], arguments: &[Value]) -> Vec<u8> {
    let mut state = State { format, at: 0, arguments, next: 0, reordered: false, out: Vec::new() };
    state.run();
    state.out
}

struct State<'a> {
    format: &'a [u8],
    at: usize,
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
    out: Vec<u8>,
}

impl State<'_> {
    fn run(&mut self) {
        while self.at < self.format.len() {
            let rest = &self.format[self.at..];
            let plain = rest.iter().position(|&byte| byte == b'%').unwrap_or(rest.len());
            self.out.extend_from_slice(&rest[..plain]);
            self.at += plain;
            if self.at < self.format.len() {
                self.at += 1;
                self.verb();
            }
        }
        if !self.reordered && self.next < self.arguments.len() {
            let extra = self.arguments[self.next..].iter().map(|argument| {
                let value = String::from_utf8_lossy(&print(argument)).into_owned();
                if argument.is_nil() { value } else { format!("{}={value}", argument.type_name()) }
            });
            let extra = extra.collect::<Vec<_>>().join(", ");
            self.out.extend_from_slice(format!("%!(EXTRA {extra})").as_bytes());
        }
    }

    fn verb(&mut self) {
        let mut verb = Verb::default();
        while let Some(byte) = self.format.get(self.at) {
            match byte {
                b'-' => verb.minus = true,
                b'+' => verb.plus = true,
                b'#' => verb.sharp = true,
                b' ' => verb.space = true,
                b'0' => verb.zero = true,
                _ => break,
            }
            self.at += 1;
        }
        let mut bad_index = false;
        bad_index |= self.index();
        verb.width = self.size(&mut verb.minus, "WIDTH");
        if self.format.get(self.at) == Some(&b'.') {
            self.at += 1;
            bad_index |= self.index();
            let mut negative = false;
            verb.precision = Some(self.size(&mut negative, "PREC").unwrap_or(0));
            if negative {
                verb.precision = None;
            }
        }
        bad_index |= self.index();
        let rest = String::from_utf8_lossy(&self.format[self.at..]);
        let Some(letter) = rest.chars().next() else {
            self.out.extend_from_slice(b"%!(NOVERB)");
            return;
        };
        self.at += letter.len_utf8();
        if letter == '%' {
            self.out.push(b'%');
            return;
        }
        if bad_index {
            self.out.extend_from_slice(format!("%!{letter}(BADINDEX)").as_bytes());
            return;
        }
        let Some(argument) = self.arguments.get(self.next) else {
            self.out.extend_from_slice(format!("%!{letter}(MISSING)").as_bytes());
            return;
        };
        self.next += 1;
        let text = if argument.is_endless() { print(argument) } else { verb.format(letter, argument) };
        self.out.extend_from_slice(&text);
    }

    /// Reads `[n]`; true when it is wrong.
    fn index(&mut self) -> bool {
        if self.format.get(self.at) != Some(&b'[') {
            return false;
        }
        self.reordered = true;
        let Some(end) = self.format[self.at..].iter().position(|&byte| byte == b']') else {
            self.at += 1;
            return true;
        };
        let digits = String::from_utf8_lossy(&self.format[self.at + 1..self.at + end]).into_owned();
        self.at += end + 1;
        match digits.parse::<usize>() {
            Ok(number) if (1..=self.arguments.len()).contains(&number) => {
                self.next = number - 1;
                false
            }
            _ => true,
        }
    }

    /// Reads a width or precision, which may be an argument.
    fn size(&mut self, negative: &mut bool, what: &str) -> Option<usize> {
        if self.format.get(self.at) == Some(&b'*') {
            self.at += 1;
            let size = match self.arguments.get(self.next) {
                Some(Value::Int(number, _)) => {
                    *negative |= *number < 0;
                    usize::try_from(number.unsigned_abs()).ok().filter(|&size| size <= WIDTH_LIMIT)
                }
                _ => None,
            };
            self.next += 1;
            if size.is_none() {
                self.out.extend_from_slice(format!("%!(BAD{what})").as_bytes());
            }
            return size;
        }
        let digits = self.format[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = String::from_utf8_lossy(&self.format[self.at..self.at + digits]).into_owned();
        self.at += digits;
        text.parse::<usize>().ok().map(|size| size.min(WIDTH_LIMIT))
    }
}

impl Verb {
    fn format(&self, letter: char, argument: &Value) -> Vec<u8> {
        match (letter, argument) {
            ('T', _) => self.pad(argument.type_name().as_bytes().to_vec(), false),
            ('v', Value::Nil) => self.pad(b"<nil>".to_vec(), false),
            (_, Value::Nil) => format!("%!{letter}(<nil>)").into_bytes(),
            ('v', Value::Text(text)) if self.sharp => self.pad(quote(text.as_bytes()).into_bytes(), false),
            ('t' | 'v', Value::Bool(flag)) => self.pad(flag.to_string().into_bytes(), false),
            (_, Value::Int(number, _)) => self.integer(letter, *number < 0, number.unsigned_abs(), argument),
            (_, Value::Uint(number, _)) => self.integer(letter, false, *number, argument),
            (_, Value::Float(number)) => self.float(letter, *number, argument),
            (_, Value::Text(text)) | ('s' | 'q' | 'x' | 'X', Value::Bytes(text)) => {
                self.string(letter, text.as_bytes(), argument)
            }
            (_, Value::Object(object)) if object.is_printed_as_text() => {
                self.string(letter, object.print().as_bytes(), argument)
            }
            (_, Value::List(list)) => self.nested(letter, b"[", list.items().iter().map(|item| (None, item))),
            (_, Value::Map(map)) => {
                let entries = map.entries();
                let pairs = entries.iter().map(|(key, value)| (Some(key.as_bytes()), value));
                self.nested(letter, b"map[", pairs)
            }
            ('v' | 's' | 'd', _) => self.pad(print(argument), false),
            _ => wrong(letter, argument),
        }
    }

    /// A verb on a list or map is a verb on each thing in it.
    fn nested<'a>(
        &self,
        letter: char,
        open: &[u8],
        items: impl Iterator<Item = (Option<&'a [u8]>, &'a Value)>,
    ) -> Vec<u8> {
        let mut out = open.to_vec();
        for (index, (key, value)) in items.enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            if let Some(key) = key {
                out.extend(self.string(letter, key, &Value::text(key)));
                out.push(b':');
            }
            out.extend(self.format(letter, value));
        }
        out.push(b']');
        out
    }

    fn integer(&self, letter: char, negative: bool, number: u64, argument: &Value) -> Vec<u8> {
        let char = || u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        let (prefix, digits) = match letter {
            'd' | 'v' => ("", number.to_string()),
            'b' => ("0b", format!("{number:b}")),
            'o' => ("0", format!("{number:o}")),
            'O' => ("0o", format!("{number:o}")),
            'x' => ("0x", format!("{number:x}")),
            'X' => ("0X", format!("{number:X}")),
            'c' => return self.pad(char().to_string().into_bytes(), false),
            'q' => return self.pad(quote_char(char()).into_bytes(), false),
            'U' => {
                let shown = if self.sharp { format!(" '{}'", char()) } else { String::new() };
                return self.pad(format!("U+{number:04X}{shown}").into_bytes(), false);
            }
            _ => return wrong(letter, argument),
        };
        let prefix = if (self.sharp || letter == 'O') && letter != 'v' { prefix } else { "" };
        let sign = self.sign(negative);
        let mut digits = digits;
        let least = match (self.precision, self.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if self.zero && !self.minus => {
                width.saturating_sub(sign.len() + prefix.len())
            }
            _ => 0,
        };
        if digits.len() < least {
            digits = format!("{}{digits}", "0".repeat(least - digits.len()));
        }
        self.pad(format!("{sign}{prefix}{digits}").into_bytes(), false)
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        }
    }

    fn float(&self, letter: char, number: f64, argument: &Value) -> Vec<u8> {
        let magnitude = number.abs();
        let negative = number.is_sign_negative() && !number.is_nan();
        let text = match (letter, special(magnitude)) {
            ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'v', Some(text)) => {
                let sign = if number.is_nan() { "" } else { self.sign(negative) };
                let sign = if text == "+Inf" && sign.is_empty() { "+" } else { sign };
                let text = format!("{sign}{}", text.trim_start_matches('+'));
                return self.pad(text.into_bytes(), false);
            }
            ('f' | 'F', None) => format!("{magnitude:.*}", self.precision.unwrap_or(6)),
            ('e' | 'E', None) => {
                let text = format!("{magnitude:.*e}", self.precision.unwrap_or(6));
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let exponent = exponent.parse::<i32>().unwrap_or_default();
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{mantissa}e{sign}{:02}", exponent.abs())
            }
            ('v', None) if self.precision.is_none() => float_text(magnitude),
            ('g' | 'G' | 'v', None) => self.general(magnitude),
            _ => return wrong(letter, argument),
        };
        let text = if letter == 'E' || letter == 'G' { text.to_uppercase() } else { text };
        let sign = self.sign(negative);
        let zeros = match self.width {
            Some(width) if self.zero && !self.minus => width.saturating_sub(sign.len() + text.len()),
            _ => 0,
        };
        self.pad(format!("{sign}{}{text}", "0".repeat(zeros)).into_bytes(), false)
    }

    /// `%g`: as few digits as the precision allows, with an exponent where that is shorter.
    fn general(&self, magnitude: f64) -> String {
        let Some(precision) = self.precision else { return float_text(magnitude) };
        let precision = precision.max(1);
        let rounded = format!("{magnitude:.*e}", precision - 1).parse::<f64>().unwrap_or(magnitude);
        let (_, digits, point) = shortest_digits(rounded);
        let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
        let mut most = i32::try_from(precision).unwrap_or(i32::MAX);
        if most > count && count >= point {
            most = count;
        }
        let exponent = point - 1;
        if exponent < -4 || exponent >= most {
            scientific(&digits, exponent)
        } else {
            plain_text(&digits, point)
        }
    }

    fn string(&self, letter: char, bytes: &[u8], argument: &Value) -> Vec<u8> {
        let cut = || match self.precision {
            Some(precision) => {
                let text = String::from_utf8_lossy(bytes);
                text.chars().take(precision).collect::<String>().into_bytes()
            }
            None => bytes.to_vec(),
        };
        match letter {
            's' | 'v' => self.pad(cut(), self.zero),
            'q' => {
                let text = cut();
                let raw = self.sharp && !text.contains(&b'`') && !text.iter().any(|byte| *byte < b' ');
                let quoted = if raw { format!("`{}`", String::from_utf8_lossy(&text)) } else { quote(&text) };
                self.pad(quoted.into_bytes(), false)
            }
            'x' | 'X' => {
                let bytes = &bytes[..self.precision.unwrap_or(bytes.len()).min(bytes.len())];
                let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
                let separator = if self.space { " " } else { "" };
                let text = hex.collect::<Vec<_>>().join(separator);
                let text = if self.sharp { format!("0x{text}") } else { text };
                let text = if letter == 'X' { text.to_uppercase() } else { text };
                self.pad(text.into_bytes(), false)
            }
            _ => wrong(letter, argument),
        }
    }

    fn pad(&self, text: Vec<u8>, zeros: bool) -> Vec<u8> {
        let length = String::from_utf8_lossy(&text).chars().count();
        let missing = self.width.unwrap_or_default().saturating_sub(length);
        if missing == 0 {
            return text;
        }
        if self.minus {
            return [text, vec![b' '; missing]].concat();
        }
        [vec![if zeros { b'0' } else { b' ' }; missing], text].concat()
    }
}

/// What Go prints where a verb does not fit a type.
fn wrong(letter: char, argument: &Value) -> Vec<u8> {
    let value = String::from_utf8_lossy(&print(argument)).into_owned();
    format!("%!{letter}({}={value})", argument.type_name()).into_bytes()
}
