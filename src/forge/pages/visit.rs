//! One visit of a page: who looks, at which repository, at which branch, tag or commit, at which path.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use git2::{Commit, Repository as Git};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::access::Caller;
use super::super::browse;
use super::super::metadata::Metadata;
use super::super::pulls::Pulls;
use super::super::repository::Repository;
use super::super::server::Shared;
use super::layout::{Crumb, Failure};
use crate::accounts::{Permission, User};

const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@');

pub(super) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// Somebody who looks, signed in or not.
pub(crate) struct Visitor {
    pub(super) shared: Arc<Shared>,
    pub(super) caller: Caller,
    pub(super) base: String,
    /// What forms must carry; nothing for who has no session.
    pub(super) csrf: Option<String>,
    /// The path of the page, to come back to.
    pub(super) place: String,
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Failure> {
        let mut caller = Caller::identify(shared, &parts.headers).await.map_err(|_| Failure::Unauthorized)?;
        let session = shared.sessions.of(&parts.headers).filter(|_| caller.user.is_none());
        let user = session.as_ref().and_then(|session| shared.users.by_id(session.user));
        let csrf = session.filter(|_| user.is_some()).map(|session| session.form);
        caller.user = caller.user.or(user);
        let place = encoded(parts.uri.path());
        Ok(Self { shared: shared.clone(), caller, base: shared.base(&parts.headers), csrf, place })
    }
}

/// A repository that is looked at.
pub(super) struct Seen {
    pub(super) repository: Arc<Repository>,
    pub(super) metadata: Metadata,
    pub(super) permission: Permission,
}

impl Visitor {
    /// Who sends a form: somebody with a session, from a page of ours.
    pub(super) fn may_send(&self, csrf: &str) -> Result<&User, Failure> {
        match (&self.caller.user, &self.csrf) {
            (Some(user), Some(own)) if own == csrf => Ok(user),
            _ => Err(Failure::Forged),
        }
    }

    pub(super) fn repository(&self, owner: &str, name: &str) -> Result<Seen, Failure> {
        let repository = self.shared.repositories.get(owner, name).ok_or(Failure::Missing)?;
        let metadata = repository.metadata();
        let permission = self.caller.permission(&self.shared, &metadata).ok_or(Failure::Missing)?;
        Ok(Seen { repository, metadata, permission })
    }
}

/// A branch, tag or commit, and a path in it.
pub(super) struct Spot<'g> {
    pub(super) commit: Commit<'g>,
    /// `branch`, `tag` or `commit`.
    pub(super) kind: String,
    pub(super) reference: String,
    pub(super) path: String,
}

impl Seen {
    pub(super) fn root(&self) -> String {
        format!("/{}", self.metadata.full_name())
    }

    pub(super) fn crumbs(&self) -> Vec<Crumb> {
        let Metadata { owner_name, name, .. } = &self.metadata;
        vec![(owner_name.clone(), format!("/{owner_name}")), (name.clone(), self.root())]
    }

    pub(super) fn tabs(&self, reference: &str) -> Markup {
        let (root, open) = (self.root(), self.repository.pulls.look(Pulls::open));
        let branch = if reference.is_empty() { &self.metadata.default_branch } else { reference };
        html! {
            nav {
                a href=(root) { "Files" }
                a href={ (root) "/commits/branch/" (encoded(branch)) } { "Commits" }
                a href={ (root) "/pulls" } { "Pull requests" @if open > 0 { " (" (open) ")" } }
                @if !reference.is_empty() { code.dim { (reference) } }
            }
        }
    }
}

/// Names of branches may have slashes, so that the first part that names one is it.
pub(super) fn spot<'g>(git: &'g Git, kind: &str, rest: &str) -> Result<Spot<'g>, Failure> {
    let prefix = match kind {
        "branch" => "refs/heads/",
        "tag" => "refs/tags/",
        "commit" => "",
        _ => return Err(Failure::Missing),
    };
    let ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
    for end in ends {
        if let Ok(commit) = browse::resolve(git, &format!("{prefix}{}", &rest[..end])) {
            let path = rest[end..].trim_matches('/').to_owned();
            return Ok(Spot { commit, kind: kind.to_owned(), reference: rest[..end].to_owned(), path });
        }
    }
    Err(Failure::Missing)
}

/// Runs git work off the runtime's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Failure::Internal))
}

/// The first line of a commit's message, and who wrote it when.
pub(super) fn summary(commit: &Commit<'_>) -> (String, String, String) {
    let text = String::from_utf8_lossy(commit.message_bytes());
    let first = text.lines().next().unwrap_or_default().to_owned();
    let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
    let time = browse::instant(commit.time());
    (first, author, time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

pub(super) fn short(id: git2::Oid) -> String {
    id.to_string().chars().take(10).collect()
}
