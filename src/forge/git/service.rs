//! Who may use which repository over git, and the answers to those who may not, as Gitea gives them.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::access::{Caller, Level, Writer};
use super::super::repository::Repository;
use super::super::server::Shared;
use crate::accounts::{Kind, Permission};

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    UploadPack,
    ReceivePack,
}

impl Service {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    fn level(self) -> Level {
        match self {
            Self::UploadPack => Level::Read,
            Self::ReceivePack => Level::Write,
        }
    }
}

/// Why git over HTTP was refused. Git shows the text of some.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("Unauthorized\n")]
    Unauthorized,
    #[error("Repository not found\n")]
    Missing,
    #[error("Push to create is not enabled for {owners}.\n")]
    PushToCreate { owners: &'static str },
    #[error(
        "This repo is archived. You can view files and clone it, but cannot push or open issues/pull-requests.\n"
    )]
    Archived,
    #[error("token does not have at least one of required scope(s), required=[{required}]\n")]
    Scope { required: String },
    #[error("Please upgrade your git client: the dumb protocol is not served.\n")]
    Dumb,
    #[error("{reason}\n")]
    Request { reason: String },
    #[error("Internal Server Error\n")]
    Internal,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::PushToCreate { .. } | Self::Archived | Self::Scope { .. } | Self::Dumb => {
                StatusCode::FORBIDDEN
            }
            Self::Request { .. } => StatusCode::BAD_REQUEST,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = (status, self.to_string()).into_response();
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=0, private, must-revalidate, no-transform"),
        );
        if matches!(self, Self::Unauthorized) {
            challenge(response.headers_mut());
        }
        response
    }
}

/// Asks for a name and a password.
pub(crate) fn challenge(headers: &mut HeaderMap) {
    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Gitea\""));
}

/// Who uses git over HTTP; wrong credentials are answered with a question for better ones.
pub(crate) struct GitCaller(pub(super) Caller);

impl FromRequestParts<Arc<Shared>> for GitCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Failure> {
        Caller::identify(shared, &parts.headers).await.map(Self).map_err(|_| Failure::Unauthorized)
    }
}

/// Finds a repository for a caller. A reader who pushes is let in here and told at the end, by name of the rule.
pub(super) fn find(
    shared: &Shared,
    caller: &Caller,
    owner: &str,
    name: &str,
    service: Service,
) -> Result<(Arc<Repository>, Writer), Failure> {
    let name = name.strip_suffix(".git").unwrap_or(name);
    let repository = shared.repositories.get(owner, name);
    let metadata = repository.as_ref().map(|repository| repository.metadata());
    let reading = service == Service::UploadPack;
    let public = reading && metadata.as_ref().is_some_and(|metadata| !metadata.private);
    if !public {
        if caller.user.is_none() {
            return Err(Failure::Unauthorized);
        }
        caller
            .require_scope("repository", service.level())
            .map_err(|required| Failure::Scope { required })?;
    }
    let (Some(repository), Some(metadata)) = (repository, metadata) else {
        return Err(match shared.users.get(owner) {
            Some(owner) if !reading => Failure::PushToCreate { owners: plural(owner.kind) },
            _ => Failure::Missing,
        });
    };
    let permission = caller.permission(shared, &metadata).ok_or(Failure::Missing)?;
    if metadata.archived && !reading {
        return Err(Failure::Archived);
    }
    let login = caller.user.as_ref().map(|user| user.login.clone()).unwrap_or_default();
    Ok((repository, Writer { login, may_write: permission >= Permission::Write }))
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "users",
        Kind::Organization => "organizations",
    }
}

/// Checks the content type, so that a browser's form cannot push.
pub(super) fn require_content_type(headers: &HeaderMap, service: Service) -> Result<(), Failure> {
    let wanted = format!("application/x-{}-request", service.name());
    match headers.get(header::CONTENT_TYPE) {
        Some(found) if found.as_bytes() == wanted.as_bytes() => Ok(()),
        _ => Err(Failure::Request { reason: format!("content type must be `{wanted}`") }),
    }
}

/// The headers of an answer that no cache may keep.
pub(super) fn headers(service: Service, ending: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = format!("application/x-{}-{ending}", service.name());
    headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(kind).expect("service names are ASCII"));
    for (name, value) in [
        (header::CACHE_CONTROL, "no-cache, max-age=0, must-revalidate"),
        (header::EXPIRES, "Fri, 01 Jan 1980 00:00:00 GMT"),
        (header::PRAGMA, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}
