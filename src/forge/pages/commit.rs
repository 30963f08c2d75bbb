//! `/{owner}/{repo}/commit/{sha}`: one commit with its changes.

use axum::extract::Path;
use axum::response::Response;
use maud::html;

use super::super::browse;
use super::changes::changes;
use super::layout::{Failure, page};
use super::statuses::statuses;
use super::visit::{Visitor, blocking, short, summary};

pub(crate) async fn get(
    visitor: Visitor,
    Path((owner, name, sha)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let git = seen.repository.open()?;
        let commit = browse::resolve(&git, &sha)?;
        let changes = changes(&browse::diff(&git, &commit)?)?;
        let statuses = statuses(&visitor.shared, &seen, &commit.id().to_string());
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
            (statuses)
            (changes)
        };
        Ok(page(&visitor, &format!("{}: {first}", seen.metadata.full_name()), &seen.crumbs(), &body))
    })
    .await
}
