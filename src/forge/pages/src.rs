//! `/{owner}/{repo}` and `…/src/{kind}/{reference}/{path}`: folders, and files with line numbers.

use axum::extract::Path;
use axum::response::Response;
use git2::{ObjectType, Repository as Git};
use maud::{Markup, html};

use super::layout::{Failure, page};
use super::visit::{Seen, Spot, Visitor, blocking, encoded, short, spot, summary};

/// Lines of a file that are shown.
const LINES: usize = 10_000;
/// Larger files are not shown.
const BYTES: usize = 1 << 20;

pub(crate) async fn home(
    visitor: Visitor,
    Path((owner, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let name = name.strip_suffix(".git").unwrap_or(&name).to_owned();
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let git = seen.repository.open()?;
        let branch = seen.metadata.default_branch.clone();
        match spot(&git, "branch", &branch) {
            Ok(spot) => show(&visitor, &seen, &git, &spot),
            Err(_) => Ok(page(&visitor, &seen.metadata.full_name(), &seen.crumbs(), &empty(&visitor, &seen))),
        }
    })
    .await
}

fn empty(visitor: &Visitor, seen: &Seen) -> Markup {
    let branch = &seen.metadata.default_branch;
    html! {
        h1 { (seen.metadata.full_name()) } p { "This repository is empty. To fill it:" }
        pre { "git clone " (visitor.base) (seen.root()) ".git\n# add files\ngit push origin HEAD:" (branch) }
    }
}

pub(crate) async fn get(
    visitor: Visitor,
    Path((owner, name, kind, rest)): Path<(String, String, String, String)>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let git = seen.repository.open()?;
        let spot = spot(&git, &kind, &rest)?;
        show(&visitor, &seen, &git, &spot)
    })
    .await
}

fn show(visitor: &Visitor, seen: &Seen, git: &Git, spot: &Spot<'_>) -> Result<Response, Failure> {
    let root = spot.commit.tree()?;
    let object = match spot.path.as_str() {
        "" => root.into_object(),
        path => root.get_path(std::path::Path::new(path))?.to_object(git)?,
    };
    let mut crumbs = seen.crumbs();
    let here = format!("{}/src/{}/{}", seen.root(), spot.kind, encoded(&spot.reference));
    let mut address = here.clone();
    for part in spot.path.split('/').filter(|part| !part.is_empty()) {
        address = format!("{address}/{}", encoded(part));
        crumbs.push((part.to_owned(), address.clone()));
    }
    let (first, author, time) = summary(&spot.commit);
    let id = spot.commit.id();
    let content = match object.kind() {
        Some(ObjectType::Tree) => folder(&git.find_tree(object.id())?, &address),
        Some(ObjectType::Blob) => file(&git.find_blob(object.id())?),
        _ => html! { p.dim { "A submodule." } },
    };
    let body = html! {
        (seen.tabs(&spot.reference))
        p { a href={ (seen.root()) "/commit/" (id) } { code { (short(id)) } } " " (first) " "
            span.dim { (author) ", " (time) } }
        (content)
        @if spot.path.is_empty() { p.dim { code { "git clone " (visitor.base) (seen.root()) ".git" } } }
    };
    Ok(page(visitor, &format!("{} {}", seen.metadata.full_name(), spot.path), &crumbs, &body))
}

fn folder(tree: &git2::Tree<'_>, address: &str) -> Markup {
    let mut entries: Vec<(bool, String)> = tree
        .iter()
        .map(|entry| {
            (entry.kind() != Some(ObjectType::Tree), String::from_utf8_lossy(entry.name_bytes()).into_owned())
        })
        .collect();
    entries.sort();
    html! {
        div.box { table {
            @for (is_file, name) in &entries {
                tr { td { a href={ (address) "/" (encoded(name)) } { (name) @if !is_file { "/" } } } }
            }
        } }
    }
}

fn file(blob: &git2::Blob<'_>) -> Markup {
    let text = std::str::from_utf8(blob.content()).ok().filter(|_| !blob.is_binary() && blob.size() <= BYTES);
    let Some(text) = text else { return html! { p.dim { "Not shown: " (blob.size()) " bytes." } } };
    html! {
        div.box { table.code {
            @for (index, line) in text.lines().take(LINES).enumerate() {
                tr id={ "L" (index + 1) } { td.no { (index + 1) } td { (line) } }
            }
        } }
    }
}
