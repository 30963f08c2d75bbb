//! The API's errors are their wire format: a status, a message, and the address of the documentation, which
//! [`with_address`] fills in because only the request knows by which name the forge was called.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::server::Shared;
use super::super::{Error, commit};
use crate::accounts::UsersError;

/// What a client did wrong, or could not have.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("token is required")]
    TokenRequired,
    #[error("auth required")]
    PasswordRequired,
    #[error("invalid username, password or token")]
    BadCredentials,
    #[error(
        "token does not have at least one of required scope(s), required=[{required}], token scope={had}"
    )]
    Scope { required: String, had: String },
    #[error("user should be the site admin")]
    AdminRequired,
    #[error("user should have a permission to write to a repo")]
    WriterRequired,
    #[error("user should be an owner or a collaborator with admin write of a repository")]
    OwnerRequired,
    #[error("Must be an organization owner")]
    OrganizationOwnerRequired,
    #[error("The target couldn't be found.")]
    NotFound { detail: Option<String> },
    #[error("The repository with the same name already exists.")]
    RepositoryExists,
    #[error("The branch already exists.")]
    BranchExists,
    /// No to somebody who is told nothing more.
    #[error("")]
    Forbid,
    /// Another message than usual, and perhaps a reason.
    #[error("{message}")]
    Unknown { message: String, detail: Option<String> },
    #[error("{message}")]
    Gone { message: String },
    #[error("{message}")]
    NotAllowed { message: String },
    #[error("{message}")]
    Precondition { message: String },
    #[error("<Repository {id}:{full_name}> is archived")]
    Archived { id: u64, full_name: String },
    #[error("{message}")]
    Conflict { message: String },
    /// What Git said to a merge, in the way in which Gitea hands it on.
    #[error("{message}")]
    Merge { style: &'static str, message: String },
    #[error("{message}")]
    Forbidden { message: String },
    #[error("{message}")]
    Invalid { message: String },
    #[error("{message}")]
    BadRequest { message: String },
    #[error("the forge could not do it: {message}")]
    Internal { message: String },
}

impl ApiError {
    pub(super) fn missing() -> Self {
        Self::NotFound { detail: None }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::TokenRequired | Self::PasswordRequired | Self::BadCredentials => StatusCode::UNAUTHORIZED,
            Self::Scope { .. }
            | Self::AdminRequired
            | Self::WriterRequired
            | Self::OwnerRequired
            | Self::OrganizationOwnerRequired
            | Self::Forbid
            | Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::NotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Precondition { .. } => StatusCode::PRECONDITION_FAILED,
            Self::Archived { .. } => StatusCode::LOCKED,
            Self::NotFound { .. } | Self::Unknown { .. } | Self::Gone { .. } => StatusCode::NOT_FOUND,
            Self::RepositoryExists | Self::BranchExists | Self::Conflict { .. } | Self::Merge { .. } => {
                StatusCode::CONFLICT
            }
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the bodies of errors, and the content type that Gitea gives its JSON.
pub(crate) async fn with_address(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let url = format!("{}/api/swagger", shared.base(request.headers()));
    let mut response = next.run(request).await;
    let json_type = HeaderValue::from_static("application/json;charset=utf-8");
    let error = response.extensions_mut().remove::<ApiError>();
    if let Some(error) = error.filter(|error| !matches!(error, ApiError::Forbid)) {
        let body = match &error {
            ApiError::NotFound { detail } | ApiError::Unknown { detail, .. } => {
                let errors = detail.as_ref().map(|detail| vec![detail]);
                json!({"errors": errors, "message": error.to_string(), "url": url})
            }
            ApiError::Merge { style, message } => {
                json!({"Style": style, "StdOut": "", "StdErr": format!("{message}\n"), "Err": {"Stderr": null}})
            }
            error => json!({"message": error.to_string(), "url": url}),
        };
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, json_type.clone());
        *response.body_mut() = Body::from(body.to_string());
    }
    let plain = HeaderValue::from_static("application/json");
    if response.headers().get(header::CONTENT_TYPE) == Some(&plain) {
        response.headers_mut().insert(header::CONTENT_TYPE, json_type);
    }
    response
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Exists { .. } => Self::RepositoryExists,
            error => Self::Internal { message: error.to_string() },
        }
    }
}

impl From<UsersError> for ApiError {
    fn from(error: UsersError) -> Self {
        match error {
            UsersError::Missing { name } => {
                Self::NotFound { detail: Some(format!("user redirect does not exist [name: {name}]")) }
            }
            UsersError::TokenExists => Self::BadRequest { message: error.to_string() },
            UsersError::Exists { .. } | UsersError::Name { .. } => {
                Self::Invalid { message: error.to_string() }
            }
            error => Self::Internal { message: error.to_string() },
        }
    }
}

impl From<git2::Error> for ApiError {
    fn from(error: git2::Error) -> Self {
        match error.code() {
            git2::ErrorCode::NotFound => Self::missing(),
            _ => Self::Internal { message: error.message().to_owned() },
        }
    }
}

impl From<commit::Error> for ApiError {
    fn from(error: commit::Error) -> Self {
        let message = error.to_string();
        match error {
            commit::Error::Missing { .. } | commit::Error::Branch { .. } => {
                Self::NotFound { detail: Some(message) }
            }
            commit::Error::Rule { .. } => Self::Forbidden { message },
            commit::Error::Moved { .. } => Self::Conflict { message },
            commit::Error::Git(error) => error.into(),
            _ => Self::Invalid { message },
        }
    }
}
