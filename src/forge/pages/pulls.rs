//! `/{owner}/{repo}/pulls`: the list of pull requests.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Failure, page};
use super::statuses;
use super::visit::{Seen, Visitor, blocking, encoded};
use crate::forge::pulls::{PullRequest, ReviewState};

/// Shown at most.
const SHOWN: usize = 100;

#[derive(Deserialize)]
pub(in crate::forge) struct Parameters {
    #[serde(default)]
    state: String,
}

/// `open`, `merged`, `closed` or `draft`, as a word with a colour.
pub(super) fn state(pull: &PullRequest) -> Markup {
    let (class, word) = match (pull.merged.is_some(), pull.is_open(), pull.is_draft()) {
        (true, ..) => ("good", "merged"),
        (false, false, _) => ("bad", "closed"),
        (false, true, true) => ("wait", "draft"),
        (false, true, false) => ("good", "open"),
    };
    html! { span class={ "tag " (class) } { (word) } }
}

/// What reviewers say, in a few words.
fn verdicts(pull: &PullRequest) -> Markup {
    let count = |state: ReviewState| {
        pull.verdicts().into_iter().filter(|review| review.state == state && !review.dismissed).count()
    };
    let (approved, rejected) = (count(ReviewState::Approved), count(ReviewState::RequestChanges));
    html! {
        @if approved > 0 { span.good.whole { "✓ " (approved) " approved" } " " }
        @if rejected > 0 { span.bad.whole { "✗ " (rejected) " asks for changes" } }
    }
}

fn table(visitor: &Visitor, seen: &Seen, pulls: &[PullRequest]) -> Markup {
    let author = |id: u64| visitor.shared.users.by_id(id).map(|user| user.login).unwrap_or_default();
    html! {
        @if pulls.is_empty() { p.dim { "No pull requests." } }
        div.box { table {
            @for pull in pulls {
                tr {
                    td { (state(pull)) }
                    td { a href={ (seen.root()) "/pulls/" (pull.number) } { (pull.title) } " " span.dim { "#" (pull.number) } }
                    td.whole { code { (pull.head.branch) " → " (pull.base) } }
                    td { (verdicts(pull)) } td { (statuses::summary(seen, &pull.head_id)) }
                    td.dim.right { (author(pull.author)) }
                }
            }
        } }
    }
}

pub(in crate::forge) async fn list(
    visitor: Visitor,
    Path((owner, name)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let closed = parameters.state == "closed";
        let pulls: Vec<PullRequest> = seen.repository.pulls.look(|pulls| {
            let wanted = pulls.all.values().rev().filter(|pull| pull.is_open() != closed);
            wanted.take(SHOWN).cloned().collect()
        });
        let git = seen.repository.open()?;
        let mut branches = Vec::new();
        for reference in git.references_glob("refs/heads/*")?.flatten() {
            let name = reference.name().ok().and_then(|name| name.strip_prefix("refs/heads/"));
            let offered = |name: &str| pulls.iter().any(|pull| pull.is_open() && pull.head.branch == name);
            let name = name.filter(|name| *name != seen.metadata.default_branch && !offered(name));
            branches.extend(name.map(str::to_owned));
        }
        let address = format!("{}/pulls", seen.root());
        let body = html! {
            (seen.tabs(""))
            h1 { "Pull requests" }
            nav {
                a href=(address) { "Open" } a href={ (address) "?state=closed" } { "Closed" }
            }
            (table(&visitor, &seen, &pulls))
            @if !branches.is_empty() && visitor.caller.user.is_some() {
                h2 { "New pull request" }
                nav { @for branch in branches.iter().take(SHOWN) {
                    a href={ (address) "/new/" (encoded(branch)) } { code { (branch) } }
                } }
            }
        };
        Ok(page(&visitor, &format!("{}: pull requests", seen.metadata.full_name()), &seen.crumbs(), &body))
    })
    .await
}
