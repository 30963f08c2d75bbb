//! `/{owner}/{repo}/commit/{sha}`: one commit with its changes.

use axum::extract::Path;
use axum::response::Response;
use git2::DiffLineType;
use maud::html;

use super::super::browse;
use super::layout::{Failure, page};
use super::visit::{Visitor, blocking, short, summary};

/// Lines of changes that are shown.
const LINES: usize = 10_000;

struct Line {
    class: &'static str,
    old: Option<u32>,
    new: Option<u32>,
    text: String,
}

pub(crate) async fn get(
    visitor: Visitor,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let git = seen.repository.open()?;
        let commit = browse::resolve(&git, &sha)?;
        let files = files(&git, &commit)?;
        let (first, author, time) = summary(&commit);
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        let rest = message.split_once('\n').map(|(_, rest)| rest.trim()).unwrap_or_default();
        let body = html! {
            (seen.tabs(&seen.metadata.default_branch))
            h1 { (first) }
            @if !rest.is_empty() { pre { (rest) } }
            p.dim { (author) ", " (time) " · commit " code { (commit.id()) }
                @for parent in commit.parent_ids() {
                    " · parent " a href={ (seen.root()) "/commit/" (parent) } { code { (short(parent)) } }
                } }
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
        };
        Ok(page(&format!("{}: {first}", seen.metadata.full_name()), &seen.crumbs(), &body))
    })
    .await
}

fn files(git: &git2::Repository, commit: &git2::Commit<'_>) -> Result<Vec<(String, Vec<Line>)>, git2::Error> {
    let diff = browse::diff(git, commit)?;
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
