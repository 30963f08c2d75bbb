//! From a place in a string to a place in the file that the string was read from.

use crate::scenario::model::At;

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The file's name.
    pub(crate) file: &'a str,
    /// The file's text.
    pub(crate) source: &'a str,
    /// Where.
    pub(crate) at: At,
}

/// Where in the file the character of a string is that was read from `at`; `line` and `column` count from 0. A folded
/// block cannot be mapped: its own place is the answer.
pub(crate) fn inside(source: &str, at: At, line: usize, column: usize) -> At {
    let mark = source
        .lines()
        .nth(at.line.saturating_sub(1))
        .and_then(|text| text.chars().nth(at.column.saturating_sub(1)));
    match mark {
        Some('|') => {
            let content = source.lines().skip(at.line).find(|text| !text.trim().is_empty());
            let indent = content.map_or(0, |text| text.len() - text.trim_start_matches(' ').len());
            At { line: at.line + 1 + line, column: indent + 1 + column }
        }
        Some('"' | '\'') if line == 0 => At { line: at.line, column: at.column + 1 + column },
        Some('"' | '\'' | '>') => at,
        _ if line == 0 => At { line: at.line, column: at.column + column },
        _ => At { line: at.line + line, column: at.column + column },
    }
}
