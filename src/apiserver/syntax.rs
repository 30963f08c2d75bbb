//! What is wrong with a text that is no JSON, in the words of Go's `encoding/json`, which clients of Kubernetes know.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// Deeper JSON is refused before this is asked, so the scanner may recurse so far.
const DEPTH: usize = 512;

const EOF: &str = "unexpected end of JSON input";

/// The first thing that is wrong; nothing where the text is JSON.
pub(crate) fn error(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { text, at: 0 };
    let result = scanner.value(0).and_then(|()| {
        scanner.blanks();
        match scanner.peek() {
            None => Ok(()),
            Some(byte) => Err(invalid(byte, "after top-level value")),
        }
    });
    result.err()
}

/// How many repeated fields are told.
const TOLD: usize = 100;

/// What Kubernetes says of fields that stand more than once in the same object of a text of JSON: `duplicate field
/// "data.a"`.
pub(crate) fn repeated(text: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(text);
    // What is no JSON has been refused before.
    let _ = Repeated { path: String::new(), told: &mut told }.deserialize(&mut reader);
    told.truncate(TOLD);
    told
}

/// Reads a value for the names in its objects alone.
struct Repeated<'a> {
    path: String,
    told: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Repeated<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Repeated<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{name}", self.path);
            if !seen.insert(name) && self.told.len() < TOLD {
                self.told.push(format!("duplicate field \"{path}\""));
            }
            map.next_value_seed(Repeated { path, told: &mut *self.told })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut place = 0;
        loop {
            let path = format!("{}[{place}]", self.path);
            if items.next_element_seed(Repeated { path, told: &mut *self.told })?.is_none() {
                return Ok(());
            }
            place += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn invalid(byte: u8, context: &str) -> String {
    let shown = match byte {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        0x80..=0x9f | 0xad => format!("'\\u{byte:04x}'"),
        0x20..=0x7e | 0xa0.. => format!("'{}'", char::from(byte)),
        _ => format!("'\\x{byte:02x}'"),
    };
    format!("invalid character {shown} {context}")
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = self.peek().ok_or(EOF)?;
        self.at += 1;
        Ok(byte)
    }

    fn value(&mut self, depth: usize) -> Result<(), String> {
        if depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.blanks();
        match self.next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => {
                while self.peek().is_some_and(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
                    self.at += 1;
                }
                Ok(())
            }
            other => Err(invalid(other, "looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        for expected in word.bytes().skip(1) {
            let byte = self.next()?;
            if byte != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(invalid(byte, &context));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => {
                    let byte = self.next()?;
                    if !b"bfnrt\\/\"u".contains(&byte) {
                        return Err(invalid(byte, "in string escape code"));
                    }
                }
                byte if byte < 0x20 => return Err(invalid(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), String> {
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            match self.next()? {
                b'"' => self.string()?,
                other => return Err(invalid(other, "looking for beginning of object key string")),
            }
            self.blanks();
            match self.next()? {
                b':' => {}
                other => return Err(invalid(other, "after object key")),
            }
            self.value(depth + 1)?;
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(()),
                other => return Err(invalid(other, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), String> {
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.blanks();
            match self.next()? {
                b',' => {}
                b']' => return Ok(()),
                other => return Err(invalid(other, "after array element")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_fields_are_named_with_their_path() {
        let text = r#"{"a":1,"b":{"c":1,"c":2,"d":[{"e":1},{"e":1,"e":null}]},"a":{"x":true}}"#;
        let expected = ["duplicate field \"b.c\"", "duplicate field \"b.d[1].e\"", "duplicate field \"a\""];
        assert_eq!(repeated(text.as_bytes()), expected);
        assert!(repeated(b"{\"a\":[1,{}],\"b\":1.5}").is_empty());
    }

    #[test]
    fn words_are_those_of_go() {
        for (text, expected) in [
            ("", Some(EOF)),
            ("{\"a\":", Some(EOF)),
            ("nonsense", Some("invalid character 'o' in literal null (expecting 'u')")),
            ("x", Some("invalid character 'x' looking for beginning of value")),
            ("{a", Some("invalid character 'a' looking for beginning of object key string")),
            ("{\"a\" 1", Some("invalid character '1' after object key")),
            ("{\"a\":1 x", Some("invalid character 'x' after object key:value pair")),
            ("[1 2", Some("invalid character '2' after array element")),
            ("{} x", Some("invalid character 'x' after top-level value")),
            ("\"\\q", Some("invalid character 'q' in string escape code")),
            ("[1, {\"a\": [true, null]}]", None),
        ] {
            assert_eq!(error(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }
}
