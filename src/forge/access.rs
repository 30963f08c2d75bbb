//! Who makes a request, and what that caller may do. Names and passwords, tokens as passwords, `token` and `Bearer`
//! headers are taken, as Gitea does.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::metadata::Metadata;
use super::server::Shared;
use crate::accounts::{Permission, User};

/// What a request does with what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Read,
    Write,
}

/// The credentials belong to nobody.
#[derive(Debug)]
pub(super) struct BadCredentials;

/// Who makes a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// Nobody when anonymous.
    pub(super) user: Option<User>,
    /// Those of the token; none when a password was given, which is good for everything.
    pub(super) scopes: Option<Vec<String>>,
    /// Whether name and password (or a token in its place) were given.
    pub(super) basic: bool,
}

/// Who changes references.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) login: String,
    pub(super) may_write: bool,
}

impl Caller {
    /// Reads the `Authorization` header.
    pub(super) async fn identify(shared: &Shared, headers: &HeaderMap) -> Result<Self, BadCredentials> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self::default()) };
        let (scheme, rest) =
            value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(BadCredentials)?;
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => {
                let text = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                let (login, secret) =
                    text.as_deref().and_then(|text| text.split_once(':')).ok_or(BadCredentials)?;
                let (login, secret, users) = (login.to_owned(), secret.to_owned(), shared.users.clone());
                // Comparing passwords takes milliseconds on purpose.
                let signed_in = tokio::task::spawn_blocking(move || users.sign_in(&login, &secret)).await;
                let (user, scopes) = signed_in.ok().flatten().ok_or(BadCredentials)?;
                Ok(Self { user: Some(user), scopes, basic: true })
            }
            "token" | "bearer" => {
                let (user, scopes) = shared.users.token_owner(rest).ok_or(BadCredentials)?;
                Ok(Self { user: Some(user), scopes: Some(scopes), basic: false })
            }
            _ => Err(BadCredentials),
        }
    }

    /// The error is the scope that is missing.
    pub(super) fn require_scope(&self, category: &str, level: Level) -> Result<(), String> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
        let write = format!("write:{category}");
        let read = format!("read:{category}");
        if has("all") || has(&write) || (level == Level::Read && has(&read)) {
            return Ok(());
        }
        Err(if level == Level::Read { read } else { write })
    }

    /// What the caller may do with a repository; nothing when it is not even to be seen.
    pub(super) fn permission(&self, shared: &Shared, metadata: &Metadata) -> Option<Permission> {
        let public = (!metadata.private).then_some(Permission::Read);
        let Some(user) = &self.user else { return public };
        if user.is_admin || user.id == metadata.owner {
            return Some(Permission::Owner);
        }
        let team = shared.users.repository_permission(metadata.owner, user.id, metadata.id);
        let collaborator = metadata.collaborators.get(&user.id).copied();
        [public, team, collaborator].into_iter().flatten().max()
    }
}
