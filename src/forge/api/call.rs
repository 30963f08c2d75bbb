//! One request to the API: who makes it, by which name the forge was called, and which repository it is about.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use serde::de::DeserializeOwned;

use super::super::access::{Caller, Level, Writer};
use super::super::metadata::Metadata;
use super::super::repository::Repository;
use super::super::server::Shared;
use super::ApiError;
use crate::accounts::{Permission, User};

/// A request of somebody whose token, if there is one, is good for it.
pub(crate) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) caller: Caller,
    /// What addresses begin with.
    pub(super) base: String,
}

impl FromRequestParts<Arc<Shared>> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        let caller = identify(shared, &parts.headers).await?;
        let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.0.path());
        let level =
            if matches!(parts.method, Method::GET | Method::HEAD) { Level::Read } else { Level::Write };
        if let Some(category) = category(path) {
            let had = caller.scopes.as_deref().unwrap_or_default().join(",");
            caller.require_scope(category, level).map_err(|required| ApiError::Scope { required, had })?;
        }
        Ok(Self { shared: shared.clone(), caller, base: shared.base(&parts.headers) })
    }
}

async fn identify(shared: &Shared, headers: &HeaderMap) -> Result<Caller, ApiError> {
    Caller::identify(shared, headers).await.map_err(|_| ApiError::BadCredentials)
}

/// Which scope a path needs.
fn category(path: &str) -> Option<&'static str> {
    let mut segments = path.trim_start_matches("/api/v1").trim_matches('/').split('/');
    match segments.next()? {
        "admin" => Some("admin"),
        "user" | "users" => Some("user"),
        "orgs" | "teams" => Some("organization"),
        "repos" if segments.nth(2) == Some("issues") => Some("issue"),
        "repos" | "atelier" => Some("repository"),
        "packages" => Some("package"),
        _ => None,
    }
}

/// A repository that the caller may see.
pub(crate) struct Found {
    pub(super) repository: Arc<Repository>,
    pub(super) metadata: Metadata,
    pub(super) permission: Permission,
}

impl Found {
    /// Nothing is added to an archived repository.
    pub(super) fn alive(&self) -> Result<(), ApiError> {
        let Metadata { id, archived, .. } = self.metadata;
        if archived { Err(ApiError::Archived { id, full_name: self.metadata.full_name() }) } else { Ok(()) }
    }
}

impl Call {
    /// A call that does not come as a request to the API.
    pub(in crate::forge) fn new(shared: Arc<Shared>, caller: Caller, base: String) -> Self {
        Self { shared, caller, base }
    }

    pub(super) fn user(&self) -> Result<&User, ApiError> {
        self.caller.user.as_ref().ok_or(ApiError::TokenRequired)
    }

    pub(super) fn admin(&self) -> Result<&User, ApiError> {
        let user = self.user()?;
        if user.is_admin { Ok(user) } else { Err(ApiError::AdminRequired) }
    }

    /// Finds a person or organisation.
    pub(super) fn account(&self, login: &str) -> Result<User, ApiError> {
        let missing =
            || ApiError::NotFound { detail: Some(format!("user redirect does not exist [name: {login}]")) };
        self.shared.users.get(login).ok_or_else(missing)
    }

    /// Finds a repository; one that must not be seen is missing.
    pub(super) fn repository(&self, owner: &str, name: &str) -> Result<Found, ApiError> {
        let repository = self.shared.repositories.get(owner, name).ok_or_else(ApiError::missing)?;
        let metadata = repository.metadata();
        let permission = self.caller.permission(&self.shared, &metadata).ok_or_else(ApiError::missing)?;
        Ok(Found { repository, metadata, permission })
    }

    /// The same, for somebody who may push.
    pub(super) fn writable(&self, owner: &str, name: &str) -> Result<Found, ApiError> {
        self.with(owner, name, Permission::Write, ApiError::WriterRequired)
    }

    /// The same, for somebody who may change settings.
    pub(super) fn administered(&self, owner: &str, name: &str) -> Result<Found, ApiError> {
        self.with(owner, name, Permission::Admin, ApiError::OwnerRequired)
    }

    fn with(&self, owner: &str, name: &str, least: Permission, error: ApiError) -> Result<Found, ApiError> {
        let found = self.repository(owner, name)?;
        self.user()?;
        if found.permission < least {
            return Err(error);
        }
        if least == Permission::Write {
            found.alive()?;
        }
        Ok(found)
    }

    pub(super) fn writer(&self, permission: Permission) -> Writer {
        let login = self.caller.user.as_ref().map(|user| user.login.clone()).unwrap_or_default();
        Writer { login, may_write: permission >= Permission::Write }
    }
}

/// Runs git work off the runtime's threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|error| Err(ApiError::Internal { message: error.to_string() }))
}

/// A JSON body; Gitea does not ask for a content type.
pub(crate) struct Payload<T>(pub(in crate::forge) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Payload<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, ApiError> {
        let bytes = axum::body::Bytes::from_request(request, shared).await;
        let bytes = bytes.map_err(|error| ApiError::BadRequest { message: error.body_text() })?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let parsed =
            Json::<T>::from_bytes(text).map_err(|error| ApiError::Invalid { message: error.body_text() })?;
        Ok(Self(parsed.0))
    }
}
