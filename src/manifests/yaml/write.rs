//! Writes JSON values as YAML, byte for byte as kubectl does: sorted keys, lists not indented, lines folded at 80.

use std::cmp::Ordering;

use serde_json::Value;

use super::scalar::{Style, is_printable, style};

const WIDTH: usize = 80;

/// Writes one document, with a line end.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut writer = Writer { text: String::new(), column: 0 };
    match value {
        Value::Object(fields) if !fields.is_empty() => writer.mapping(fields, 0, true),
        Value::Array(items) if !items.is_empty() => writer.sequence(items, 0, true),
        value => {
            writer.scalar(value, 0);
            writer.line(0);
        }
    }
    writer.text.truncate(writer.text.trim_end_matches(' ').len());
    writer.text
}

/// Writes documents, with `---` between them.
pub fn write_all<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    values.into_iter().map(write).collect::<Vec<_>>().join("---\n")
}

struct Writer {
    text: String,
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// Writes fields at `indent`; the first continues the line when `inline`.
    fn mapping(&mut self, fields: &serde_json::Map<String, Value>, indent: usize, inline: bool) {
        let mut keys = fields.keys().collect::<Vec<_>>();
        keys.sort_by(|a, b| compare(a, b));
        for (index, key) in keys.into_iter().enumerate() {
            if index > 0 || !inline {
                self.fresh(indent);
            }
            self.string(key, indent, true);
            self.put(":");
            match &fields[key] {
                Value::Object(inner) if !inner.is_empty() => self.mapping(inner, indent + 2, false),
                Value::Array(items) if !items.is_empty() => self.sequence(items, indent, false),
                value => {
                    self.put(" ");
                    self.scalar(value, indent);
                }
            }
        }
        if indent == 0 {
            self.end();
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, inline: bool) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 || !inline {
                self.fresh(indent);
            }
            self.put("- ");
            match item {
                Value::Object(inner) if !inner.is_empty() => self.mapping_in_list(inner, indent + 2),
                Value::Array(inner) if !inner.is_empty() => self.sequence(inner, indent + 2, true),
                value => self.scalar(value, indent),
            }
        }
        if indent == 0 && inline {
            self.end();
        }
    }

    fn mapping_in_list(&mut self, fields: &serde_json::Map<String, Value>, indent: usize) {
        self.mapping(fields, indent, true);
    }

    /// Starts a line, unless a block has just ended one.
    fn fresh(&mut self, indent: usize) {
        if self.text.ends_with('\n') {
            self.text.extend(std::iter::repeat_n(' ', indent));
            self.column = indent;
        } else {
            self.line(indent);
        }
    }

    fn end(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.column = 0;
    }

    fn scalar(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.put("null"),
            Value::Bool(flag) => self.put(if *flag { "true" } else { "false" }),
            Value::Number(number) => self.put(&number_text(number)),
            Value::String(text) => self.string(text, indent, false),
            Value::Array(_) => self.put("[]"),
            Value::Object(_) => self.put("{}"),
        }
    }

    fn string(&mut self, text: &str, indent: usize, is_key: bool) {
        match style(text, is_key) {
            Style::Plain => self.folded(text, indent, is_key, false),
            Style::Single => {
                self.put("'");
                self.folded(text, indent, is_key, true);
                self.put("'");
            }
            Style::Double => self.double(text, indent, is_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Writes text whose single spaces may become line ends beyond the width.
    fn folded(&mut self, text: &str, indent: usize, is_key: bool, quoted: bool) {
        let chars = text.chars().collect::<Vec<_>>();
        let mut after_space = false;
        for (index, &char) in chars.iter().enumerate() {
            if char == ' ' {
                let inner = !quoted || (index > 0 && index + 1 < chars.len());
                let single = !after_space && chars.get(index + 1) != Some(&' ');
                if !is_key && single && self.column > WIDTH && inner {
                    self.line(indent + 2);
                } else {
                    self.put(" ");
                }
                after_space = true;
            } else {
                if char == '\'' && quoted {
                    self.put("'");
                }
                self.put(char.encode_utf8(&mut [0; 4]));
                after_space = false;
            }
        }
    }

    fn double(&mut self, text: &str, indent: usize, is_key: bool) {
        self.put("\"");
        let chars = text.chars().collect::<Vec<_>>();
        let mut after_space = false;
        for (index, &char) in chars.iter().enumerate() {
            if !is_printable(char) || matches!(char, '"' | '\\' | '\n' | '\u{feff}') {
                self.put(&escape(char));
                after_space = false;
            } else if char == ' ' {
                let inner = index > 0 && index + 1 < chars.len();
                if !is_key && !after_space && self.column > WIDTH && inner {
                    self.line(indent + 2);
                    if chars[index + 1] == ' ' {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                after_space = true;
            } else {
                self.put(char.encode_utf8(&mut [0; 4]));
                after_space = false;
            }
        }
        self.put("\"");
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.text.push('\n');
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', indent + 2));
                self.text.push_str(line);
            }
        }
        // A kept trailing break must not be swallowed by the next line start.
        self.text.push('\n');
        self.column = 0;
    }
}

fn number_text(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else { return number.to_string() };
    let exponent = if float == 0.0 { 0.0 } else { float.abs().log10().floor() };
    if (-4.0..6.0).contains(&exponent) {
        return float.to_string();
    }
    // Go writes at least two digits of the exponent, with its sign.
    let text = format!("{float:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn escape(char: char) -> String {
    match char {
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\u{1b}' => "\\e".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{a0}' => "\\_".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        char => match u32::from(char) {
            code @ ..=0xff => format!("\\x{code:02X}"),
            code @ ..=0xffff => format!("\\u{code:04X}"),
            code => format!("\\U{code:08X}"),
        },
    }
}

/// The Go library's order of keys: numbers within names by value, letters after everything else.
fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.chars().collect::<Vec<_>>(), b.chars().collect::<Vec<_>>());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    let (left, right) = (a[at], b[at]);
    match (left.is_alphabetic(), right.is_alphabetic()) {
        (true, true) => return left.cmp(&right),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number counts; one at its start does not.
    let within = (left == '0' || right == '0')
        && a[..at].iter().rev().take_while(|char| char.is_ascii_digit()).any(|&char| char != '0');
    let number = |chars: &[char]| {
        let digits = chars.iter().take_while(|char| char.is_ascii_digit()).collect::<Vec<_>>();
        let start = u64::from(within);
        let value = digits.iter().fold(start, |value, digit| {
            value.wrapping_mul(10).wrapping_add(u64::from(digit.to_digit(10).unwrap_or_default()))
        });
        (value, digits.len())
    };
    number(&a[at..]).cmp(&number(&b[at..])).then(left.cmp(&right))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_look_as_kubectl_prints_them() {
        let value = json!({
            "b": [{ "z": 1, "a": [] }, [["x"], "y"], "plain"], "a10": {}, "a2": null, "B": 0.5,
            "text": "one\ntwo\n", "kept": "one\n\n", "stripped": "one\n two", "quoted": "it's: so", "on": "yes",
            "big": 1e22, "escaped": "tab\tend",
        });
        let expected = "B: 0.5\na2: null\na10: {}\nb:\n- a: []\n  z: 1\n- - - x\n  - \"y\"\n- plain\nbig: 1e+22\n\
            escaped: \"tab\\tend\"\nkept: |+\n  one\n\n\"on\": \"yes\"\nquoted: 'it''s: so'\n\
            stripped: |-\n  one\n   two\ntext: |\n  one\n  two\n";
        assert_eq!(write(&value), expected);
        assert_eq!(write_all([&json!({ "a": 1 }), &json!({ "b": 2 })]), "a: 1\n---\nb: 2\n");
    }

    #[test]
    fn long_lines_are_folded_below_their_key() {
        let value = json!({ "data": { "long": "aaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb \
            ccccccccccccccccccccccccccccc dddddddddddddddddddddddddddd eeeeeeeeeeeeeee fffffffffff" } });
        let expected = "data:\n  long: aaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccc\n    \
            dddddddddddddddddddddddddddd eeeeeeeeeeeeeee fffffffffff\n";
        assert_eq!(write(&value), expected);
    }
}
