//! The words of an instruction: split at spaces that are not quoted, and what they come to once quotes are gone and
//! variables are filled in. <https://docs.docker.com/reference/dockerfile/#environment-replacement>

use std::collections::BTreeMap;

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// The longest that a word may become.
const LIMIT: usize = 64 << 10;
/// How deep defaults may stand in defaults.
const DEPTH: usize = 10;

/// Splits at spaces outside quotes; the quotes stay.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, char) if char.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), char) if open == char => quote = None,
            (None | Some('"'), '\\') => {
                word.push(char);
                word.extend(chars.next());
                continue;
            }
            _ => {}
        }
        word.push(char);
    }
    if let Some(open) = quote {
        return Err(format!("a quote {open} is not closed"));
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

/// What a word comes to.
pub(in super::super) fn expand(word: &str, variables: &Variables) -> Result<String, String> {
    let mut expansion = Expansion { chars: word.chars().collect(), at: 0, variables };
    expansion.text(None, 0)
}

/// The word that comes to a text.
pub(in super::super) fn literal(text: &str) -> String {
    escape(text, "\\'\"$")
}

/// A text with a backslash before each of some characters.
pub(super) fn escape(text: &str, special: &str) -> String {
    let escaped = |char| special.contains(char).then_some('\\').into_iter().chain([char]);
    text.chars().flat_map(escaped).collect()
}

struct Expansion<'a> {
    chars: Vec<char>,
    at: usize,
    variables: &'a Variables,
}

impl Expansion<'_> {
    fn next(&mut self) -> Option<char> {
        let char = self.chars.get(self.at).copied();
        self.at += usize::from(char.is_some());
        char
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Up to the end, or to `until`, which is taken too.
    fn text(&mut self, until: Option<char>, depth: usize) -> Result<String, String> {
        let mut text = String::new();
        while let Some(char) = self.next() {
            if Some(char) == until {
                return Ok(text);
            }
            match char {
                '\'' if until != Some('"') => loop {
                    match self.next() {
                        Some('\'') => break,
                        Some(char) => text.push(char),
                        None => return Err("a quote ' is not closed".to_owned()),
                    }
                },
                '"' if until != Some('"') => text += &self.text(Some('"'), depth)?,
                '\\' => match self.next() {
                    // Within quotes, a backslash is itself before what needs none.
                    Some(char) if until == Some('"') && !"\"$\\".contains(char) => text.extend(['\\', char]),
                    Some(char) => text.push(char),
                    None => text.push('\\'),
                },
                '$' => text += &self.variable(depth)?,
                char => text.push(char),
            }
            if text.len() > LIMIT {
                return Err(format!("a word becomes longer than {LIMIT} bytes"));
            }
        }
        match until {
            Some(open) => Err(format!("a {open} is missing")),
            None => Ok(text),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(char) = self.peek().filter(|char| char.is_ascii_alphanumeric() || *char == '_') {
            if name.is_empty() && char.is_ascii_digit() {
                break;
            }
            name.push(char);
            self.at += 1;
        }
        name
    }

    fn variable(&mut self, depth: usize) -> Result<String, String> {
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(if name.is_empty() {
                "$".to_owned()
            } else {
                self.variables.get(&name).cloned().unwrap_or_default()
            });
        }
        self.at += 1;
        let name = self.name();
        let value = self.variables.get(&name).filter(|value| !value.is_empty()).cloned();
        match (self.next(), self.next_if_colon()) {
            (Some('}'), _) if !name.is_empty() => Ok(value.unwrap_or_default()),
            (Some(':'), Some(sign @ ('-' | '+'))) if depth < DEPTH && !name.is_empty() => {
                let other = self.text(Some('}'), depth + 1)?;
                Ok(match (sign, value) {
                    ('-', Some(value)) => value,
                    ('+', None) => String::new(),
                    _ => other,
                })
            }
            _ => {
                Err("only `$name`, `${name}`, `${name:-default}` and `${name:+instead}` are supported"
                    .to_owned())
            }
        }
    }

    /// After a colon, the sign behind it.
    fn next_if_colon(&mut self) -> Option<char> {
        let before = self.at.checked_sub(1).and_then(|at| self.chars.get(at));
        if before == Some(&':') { self.next() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_to_what_docker_makes_of_them() {
        let variables =
            [("A", "one"), ("E", "")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (word, expected) in [
            ("plain", "plain"),
            ("$A/${A}b", "one/oneb"),
            ("'$A'", "$A"),
            ("\"$A b\"", "one b"),
            ("\\$A", "$A"),
            ("a\\ b", "a b"),
            ("${B:-x$A}", "xone"),
            ("${E:-x}", "x"),
            ("${A:+y}", "y"),
            ("${B:+y}", ""),
            ("\"a\\b\"", "a\\b"),
            ("$", "$"),
            ("$1", "$1"),
        ] {
            assert_eq!(expand(word, &variables).as_deref(), Ok(expected), "{word}");
        }
        for word in ["${A", "${A:?no}", "\"a", "'a", "${}"] {
            assert!(expand(word, &variables).is_err(), "{word}");
        }
    }

    #[test]
    fn words_are_split_outside_quotes() {
        assert_eq!(split("a \"b c\"  d='e f' g\\ h").unwrap(), ["a", "\"b c\"", "d='e f'", "g\\ h"]);
        assert!(split("a 'b").is_err());
    }
}
