//! Changes of files as tables: of a commit, and of a pull request.

use git2::DiffLineType;
use maud::{Markup, html};

/// Lines of changes that are shown.
const LINES: usize = 10_000;

struct Line {
    class: &'static str,
    old: Option<u32>,
    new: Option<u32>,
    text: String,
}

pub(super) fn changes(diff: &git2::Diff<'_>) -> Result<Markup, git2::Error> {
    let files = files(diff)?;
    Ok(html! {
        @for (path, lines) in &files {
            h2 { code { (path) } }
            div.box { table.code {
                @for line in lines {
                    tr class=(line.class) {
                        td.no { @if let Some(number) = line.old { (number) } }
                        td.no { @if let Some(number) = line.new { (number) } }
                        td { (line.text) }
                    }
                }
            } }
        }
    })
}

fn files(diff: &git2::Diff<'_>) -> Result<Vec<(String, Vec<Line>)>, git2::Error> {
    let mut files: Vec<(String, Vec<Line>)> = Vec::new();
    let mut shown = 0;
    let printed = diff.print(git2::DiffFormat::Patch, |delta, _, line| {
        let file = if delta.new_file().id().is_zero() { delta.old_file() } else { delta.new_file() };
        let path = file.path_bytes().map(String::from_utf8_lossy).unwrap_or_default();
        if files.last().is_none_or(|(last, _)| *last != path) {
            files.push((path.into_owned(), Vec::new()));
        }
        let (class, sign) = match line.origin_value() {
            DiffLineType::Addition => ("add", "+"),
            DiffLineType::Deletion => ("del", "-"),
            DiffLineType::Context => ("", " "),
            DiffLineType::HunkHeader => ("dim", ""),
            DiffLineType::Binary => ("dim", "binary file"),
            _ => return true,
        };
        let text = if sign == "binary file" { "".into() } else { String::from_utf8_lossy(line.content()) };
        let text = format!("{sign}{}", text.trim_end_matches('\n'));
        if let Some((_, lines)) = files.last_mut() {
            lines.push(Line { class, old: line.old_lineno(), new: line.new_lineno(), text });
        }
        shown += 1;
        shown < LINES
    });
    match printed {
        Err(error) if error.code() != git2::ErrorCode::User => Err(error),
        _ => Ok(files),
    }
}
