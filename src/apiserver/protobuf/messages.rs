//! The table of messages: which number is which field. The table is data: a line `= <version> <kind> <message>` names
//! the message of a kind; any other line is a message and its fields as `<number><name>:<type>`. Types are `s` text,
//! `i` integer, `b` truth value, `y` bytes, `d` floating-point, a message's name, or one of the special ones after
//! `@`; `*` before a type makes a list and `%` a map; `!` after it keeps zero values. A field named `^` belongs to the
//! object that it is in. A message after `+` is a list in disguise.

use std::collections::HashMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("kubernetes-1.34.txt");

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) code: &'static str,
}

/// A message.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) fields: Vec<Field>,
    /// Whether its one field is what it is.
    pub(super) is_list: bool,
}

#[derive(Default)]
struct Table {
    kinds: HashMap<(&'static str, &'static str), &'static str>,
    messages: HashMap<&'static str, Message>,
}

static MESSAGES: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in TABLE.lines() {
        let mut words = line.split(' ');
        match words.next() {
            Some("=") => {
                if let (Some(version), Some(kind), Some(message)) = (words.next(), words.next(), words.next())
                {
                    table.kinds.insert((version, kind), message);
                }
            }
            Some(name) => {
                let message =
                    Message { fields: words.filter_map(field).collect(), is_list: name.starts_with('+') };
                table.messages.insert(name.trim_start_matches('+'), message);
            }
            None => {}
        }
    }
    table
});

fn field(word: &'static str) -> Option<Field> {
    let (head, code) = word.split_once(':')?;
    let digits = head.find(|character: char| !character.is_ascii_digit())?;
    let (number, name) = head.split_at(digits);
    Some(Field { number: number.parse().ok()?, name, code })
}

/// The message of a kind.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<&'static str> {
    // Options are sent in every group's version.
    let version = if kind == "DeleteOptions" { "*" } else { api_version };
    let kinds = &MESSAGES.kinds;
    kinds.iter().find(|((own, name), _)| *own == version && *name == kind).map(|(_, message)| *message)
}

/// A message by its name.
pub(super) fn named(name: &str) -> Option<&'static Message> {
    MESSAGES.messages.get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_in_the_table() {
        let specials = ["@time", "@micro", "@duration", "@either", "@quantity", "@raw"];
        let mut count = 0;
        for (name, message) in &MESSAGES.messages {
            for field in &message.fields {
                let code = field.code.trim_start_matches(['*', '%']).trim_end_matches('!');
                let known = ["s", "i", "b", "y", "d"].contains(&code) || specials.contains(&code);
                assert!(known || named(code).is_some(), "{name} {field:?}");
                count += 1;
            }
        }
        assert!(count > 1000, "{count}");
        for message in MESSAGES.kinds.values() {
            assert!(named(message).is_some(), "{message}");
        }
    }
}
