//! `/{owner}/{repo}/commits/{kind}/{reference}`: the history.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::super::browse;
use super::layout::{Failure, page};
use super::visit::{Visitor, blocking, encoded, short, spot, summary};
use super::{graph, statuses};

const ON_A_PAGE: usize = 50;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    page: Option<usize>,
}

pub(crate) async fn list(
    visitor: Visitor,
    Path((owner, name, kind, reference)): Path<(String, String, String, String)>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    let number = parameters.page.unwrap_or(1).max(1);
    blocking(move || {
        let git = seen.repository.open()?;
        let spot = spot(&git, &kind, &reference)?;
        let path = Some(spot.path.as_str()).filter(|path| !path.is_empty());
        let skip = (number - 1).saturating_mul(ON_A_PAGE);
        let (ids, total) = browse::log(&git, spot.commit.id(), path, skip, ON_A_PAGE)?;
        let commits = ids.into_iter().map(|id| git.find_commit(id)).collect::<Result<Vec<_>, _>>()?;
        let nodes: Vec<_> = commits.iter().map(|commit| (commit.id(), commit.parent_ids().collect())).collect();
        let graph = graph::rows(&nodes);
        let address = format!("{}/commits/{kind}/{}", seen.root(), encoded(&reference));
        let body = html! {
            (seen.tabs(&spot.reference))
            h1 { (total) " commits" }
            div.box { table {
                @for (commit, graph) in commits.iter().zip(&graph) {
                    @let (first, author, time) = summary(commit);
                    tr {
                        @if path.is_none() { td.graph { (graph) } }
                        td { a href={ (seen.root()) "/commit/" (commit.id()) } { code { (short(commit.id())) } } }
                        td { (first) " " (statuses::summary(&seen, &commit.id().to_string())) } td.dim { (author) } td.dim.right { (time) }
                    }
                }
            } }
            nav {
                @if number > 1 { a href={ (address) "?page=" (number - 1) } { "Newer" } }
                @if skip + ON_A_PAGE < total { a href={ (address) "?page=" (number + 1) } { "Older" } }
            }
        };
        Ok(page(&visitor, &format!("{}: commits", seen.metadata.full_name()), &seen.crumbs(), &body))
    })
    .await
}
