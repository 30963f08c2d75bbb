//! Reads YAML as sigs.k8s.io/yaml does for Helm: by the rules of YAML 1.1, where `yes` and `y` are true, a number
//! with a zero in front is octal, and a key that comes twice takes the last value.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use super::read::{Error, read_documents};

/// The most values that a document may have, those behind aliases counted each time.
const VALUES_LIMIT: usize = 1_000_000;

/// How deep values may be nested.
const DEPTH_LIMIT: usize = 1_000;

/// Reads the first document; null where there is none.
pub fn read_legacy(text: &str) -> Result<Value, Error> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
        open_end: if text.ends_with('\n') { None } else { Some(text.chars().count()) },
    };
    loop {
        match reader.event().map_err(|error| error.explained(text))? {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            event => return reader.value(event, 0).map_err(|error| error.explained(text)),
        }
    }
}

/// Why reading stops.
enum Stop {
    Syntax(usize, String),
    Limit(&'static str),
}

impl Stop {
    /// In the Go library's words, where the strict reader knows them.
    fn explained(self, text: &str) -> Error {
        match self {
            Self::Limit(message) => Error { line: 0, message: message.to_owned() },
            Self::Syntax(line, message) => match read_documents(text) {
                // What is still open at the end is reported there.
                Err(error) if error.line == 0 && error.message.starts_with("did not find expected ','") => {
                    Error { line: text.lines().count() as u64, ..error }
                }
                Err(error) => error,
                Ok(_) => Error { line: u64::try_from(line).unwrap_or_default(), message },
            },
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    values: usize,
    /// Where the text ends, if that is within a line.
    open_end: Option<usize>,
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Result<Event<'a>, Stop> {
        let comment = |event: &Result<(Event<'a>, _), _>| matches!(event, Ok((Event::Comment(..), _)));
        match self.parser.by_ref().find(|event| !comment(event)) {
            None => Ok(Event::StreamEnd),
            // The Go library gives a block no line end that the text does not have.
            Some(Ok((
                Event::Scalar(text, style @ (ScalarStyle::Literal | ScalarStyle::Folded), anchor, tag),
                span,
            ))) if self.open_end.is_some_and(|end| span.end.index() >= end) => {
                let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
                Ok(Event::Scalar(text.into(), style, anchor, tag))
            }
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(Stop::Syntax(error.marker().line(), error.info())),
        }
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Value, Stop> {
        self.count(1)?;
        if depth > DEPTH_LIMIT {
            return Err(Stop::Limit("exceeded max depth of 10000"));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.suffix().to_owned());
                let plain = style == ScalarStyle::Plain;
                (scalar(&text, plain, tag.as_deref()), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.event()? {
                        Event::SequenceEnd | Event::StreamEnd => break,
                        event => items.push(self.value(event, depth + 1)?),
                    }
                }
                (Value::Array(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(id) => {
                let value = self.anchors.get(&id).cloned().unwrap_or_default();
                self.count(size(&value))?;
                return Ok(value);
            }
            _ => (Value::Null, 0),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn count(&mut self, values: usize) -> Result<(), Stop> {
        self.values += values;
        if self.values > VALUES_LIMIT {
            return Err(Stop::Limit("document contains excessive aliasing"));
        }
        Ok(())
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut fields = Map::new();
        let mut merged = Vec::new();
        loop {
            let event = match self.event()? {
                Event::MappingEnd | Event::StreamEnd => break,
                event => event,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.value(event, depth + 1)?;
            let event = self.event()?;
            let value = self.value(event, depth + 1)?;
            if is_merge {
                match value {
                    Value::Array(items) => merged.extend(items),
                    value => merged.push(value),
                }
            } else {
                fields.insert(key_text(&key), value);
            }
        }
        for source in merged {
            let Value::Object(source) = source else {
                return Err(Stop::Limit("map merge requires map or sequence of maps as the value"));
            };
            for (key, value) in source {
                fields.entry(key).or_insert(value);
            }
        }
        Ok(Value::Object(fields))
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        value => value.to_string(),
    }
}

fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Value {
    match tag {
        Some("str" | "binary") => Value::String(text.to_owned()),
        Some("float") => match resolve_legacy(text) {
            Value::Number(number) => {
                Number::from_f64(number.as_f64().unwrap_or_default()).map_or(Value::Null, Value::Number)
            }
            value => value,
        },
        Some(_) => resolve_legacy(text),
        None if plain => resolve_legacy(text),
        None => Value::String(text.to_owned()),
    }
}

/// What a scalar without quotes is.
#[must_use]
pub fn resolve_legacy(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let is_number = text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '+' | '-' | '.'));
    if !is_number {
        return Value::String(text.to_owned());
    }
    let plain = text.replace('_', "");
    if let Some(number) = integer(&plain) {
        return Value::Number(number);
    }
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_float = digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && !exponent.is_empty()
        && digits(exponent);
    let float = if is_float { plain.parse::<f64>().ok() } else { None };
    match float.and_then(Number::from_f64) {
        Some(number) => Value::Number(number),
        None => Value::String(text.to_owned()),
    }
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if digits.is_empty() || !digits.chars().all(|char| char.is_digit(radix)) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0_i64.checked_sub_unsigned(value).map(Number::from) } else { Some(Number::from(value)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_and_keys_follow_yaml_1_1() {
        let text = "y: yes\n012: 012\nfloat: 1e3\nbig: 1_000\n\"n\": 'no'\na: 1\na: 2\ndate: 2001-01-01\n\
            base: &base {x: 1, y: 2}\nmerged:\n  <<: *base\n  x: 3\nhex: 0x1F\nv: 1.2.3\nempty:\n";
        let expected = json!({
            "true": true, "10": 10, "float": 1000.0, "big": 1000, "n": "no", "a": 2, "date": "2001-01-01",
            "base": { "x": 1, "true": 2 }, "merged": { "x": 3, "true": 2 }, "hex": 31, "v": "1.2.3",
            "empty": null,
        });
        assert_eq!(read_legacy(text).unwrap(), expected);
        assert_eq!(read_legacy("").unwrap(), Value::Null);
    }

    #[test]
    fn comments_are_no_values() {
        let text = "# first\na: # behind\n  # between\n  b: 1 # after\n  # last\nc:\n# flush\n- d\n# end\n";
        assert_eq!(read_legacy(text).unwrap(), json!({ "a": { "b": 1 }, "c": ["d"] }));
        assert_eq!(read_legacy("# nothing\n").unwrap(), Value::Null);
    }

    #[test]
    fn errors_are_the_go_library_s_and_bombs_are_refused() {
        assert_eq!(
            read_legacy("a: b: c\n").unwrap_err().to_string(),
            "yaml: mapping values are not allowed in this context"
        );
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip("abcdefgh".chars()) {
            let items = vec![format!("*{before}"); 9].join(", ");
            bomb = format!("{bomb}{name}: &{name} [{items}]\n");
        }
        let error = read_legacy(&bomb).unwrap_err().to_string();
        assert_eq!(error, "yaml: document contains excessive aliasing");
    }
}
