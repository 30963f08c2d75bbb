//! The lines of a Dockerfile that belong together: comments gone, continued lines joined.

use crate::artifacts::Error;

/// What errors call the file.
const FILE: &str = "Dockerfile";
/// The longest file, in bytes.
const BYTES_LIMIT: usize = 1 << 20;
/// The largest number of instructions.
const INSTRUCTIONS_LIMIT: usize = 1000;

/// One instruction as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins, from 1.
    pub(super) number: usize,
    /// Its lines, joined.
    pub(super) text: String,
}

/// An error with its line.
pub(super) fn wrong(line: usize, reason: impl Into<String>) -> Error {
    Error::Line { file: FILE.to_owned(), line, reason: reason.into() }
}

/// Reads the lines.
pub(super) fn lines(bytes: &[u8]) -> Result<Vec<Line>, Error> {
    if bytes.len() > BYTES_LIMIT {
        return Err(wrong(1, format!("the file has more than {BYTES_LIMIT} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        wrong(before, "it is not text in UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut found, mut open): (Vec<Line>, Option<Line>) = (Vec::new(), None);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        if let Some(comment) = trimmed.strip_prefix('#') {
            if found.is_empty() && open.is_none() {
                directive(number, comment)?;
            }
            continue;
        }
        // Between continued lines, empty ones count for nothing.
        if trimmed.is_empty() {
            continue;
        }
        let (part, goes_on) = match line.trim_end().strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line.trim_end(), false),
        };
        let mut whole = open.take().unwrap_or(Line { number, text: String::new() });
        whole.text.push_str(if whole.text.is_empty() { part.trim_start() } else { part });
        if goes_on {
            open = Some(whole);
        } else {
            found.push(whole);
        }
        if found.len() > INSTRUCTIONS_LIMIT {
            return Err(wrong(number, format!("the file has more than {INSTRUCTIONS_LIMIT} instructions")));
        }
    }
    found.extend(open.filter(|line| !line.text.trim().is_empty()));
    Ok(found)
}

/// `# escape=` changes how all else is read. `# syntax=` names a program that reads the file: ours reads what all
/// of them read.
fn directive(number: usize, comment: &str) -> Result<(), Error> {
    match comment.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("escape") && value.trim() != "\\" => {
            Err(wrong(
                number,
                format!("`escape={}` is not supported: only `\\` goes on with a line", value.trim()),
            ))
        }
        _ => Ok(()),
    }
}
