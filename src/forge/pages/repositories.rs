//! `/` and `/{owner}`: lists of repositories.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::super::repository::Repository;
use super::layout::{Failure, page};
use super::visit::Visitor;

fn table(visitor: &Visitor, repositories: Vec<Arc<Repository>>) -> Markup {
    let seen = repositories.into_iter().map(|repository| repository.metadata());
    let seen: Vec<_> =
        seen.filter(|found| visitor.caller.permission(&visitor.shared, found).is_some()).collect();
    html! {
        @if seen.is_empty() { p.dim { "No repositories yet." } }
        div.box { table {
            @for found in &seen {
                tr {
                    td { a href={ "/" (found.full_name()) } { (found.full_name()) }
                        @if found.private { " " span.dim { "(private)" } } }
                    td.dim { (found.description) }
                    td.dim.right { (found.updated.strftime("%Y-%m-%d %H:%M UTC")) }
                }
            }
        } }
    }
}

pub(crate) async fn all(visitor: Visitor) -> Response {
    let body = html! { h1 { "Repositories" } (table(&visitor, visitor.shared.repositories.list())) };
    page(&visitor, "Repositories", &[], &body)
}

pub(crate) async fn of_owner(visitor: Visitor, Path(owner): Path<String>) -> Result<Response, Failure> {
    let owner = visitor.shared.users.get(&owner).ok_or(Failure::Missing)?;
    let body = html! {
        h1 { (owner.login) } p.dim { (owner.full_name) }
        (table(&visitor, visitor.shared.repositories.of(owner.id)))
    };
    Ok(page(&visitor, &owner.login, &[(owner.login.clone(), format!("/{}", owner.login))], &body))
}
