//! The registry's own failures, and the wire format of what a client did wrong.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes>

use std::path::{Path, PathBuf};

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A file or folder of the registry cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use `{}`", path.display())]
pub struct Error {
    /// The file or folder.
    pub path: PathBuf,
    /// The operating system's reason.
    #[source]
    pub source: std::io::Error,
}

impl Error {
    pub(super) fn of(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// What a client did wrong, or could not have.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("")]
    BlobUnknown,
    #[error("")]
    UploadUnknown,
    #[error("{message}")]
    UploadInvalid { message: String },
    #[error("provided digest does not match the content")]
    DigestInvalid,
    #[error("blob `{digest}` is not in the repository")]
    ManifestBlobUnknown { digest: String },
    #[error("{message}")]
    ManifestInvalid { message: String },
    #[error("")]
    ManifestUnknown,
    #[error("")]
    NameInvalid,
    #[error("")]
    NameUnknown,
    #[error("content is longer than {limit} bytes")]
    SizeInvalid { limit: u64 },
    #[error("the upload has {size} bytes so far")]
    RangeInvalid { size: u64 },
    #[error("the blob has {size} bytes")]
    OutOfBlob { size: u64 },
    #[error("`n` must be a number that is not negative")]
    PageInvalid,
    #[error("")]
    Unauthorized { realm: String },
    #[error("authGroup.Verify")]
    BadCredentials,
    #[error("")]
    Denied,
    #[error("Not found.")]
    OwnerUnknown,
    #[error("")]
    Unsupported,
    #[error("the registry could not do it")]
    Internal,
}

impl ApiError {
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BlobUnknown => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
            Self::UploadUnknown => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Self::UploadInvalid { .. } => (StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID"),
            Self::DigestInvalid => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            Self::ManifestBlobUnknown { .. } => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            Self::ManifestInvalid { .. } => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
            Self::ManifestUnknown => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Self::NameInvalid => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
            Self::NameUnknown | Self::OwnerUnknown => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Self::SizeInvalid { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID"),
            Self::RangeInvalid { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
            Self::OutOfBlob { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "UNSUPPORTED"),
            // The specification has no code for it; this is the one of the registry that it comes from.
            Self::PageInvalid => (StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID"),
            Self::Unauthorized { .. } | Self::BadCredentials => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::Denied => (StatusCode::FORBIDDEN, "DENIED"),
            Self::Unsupported => (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.code();
        // Two answers of Gitea's are not in the registry's format.
        if matches!(self, Self::BadCredentials | Self::OwnerUnknown) {
            return (status, format!("{self}\n")).into_response();
        }
        let body = Json(json!({"errors": [{"code": code, "message": self.to_string()}]}));
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized { realm } => {
                let challenge =
                    format!("Bearer realm=\"{realm}\",service=\"container_registry\",scope=\"*\"");
                if let Ok(value) = HeaderValue::try_from(challenge) {
                    headers.insert(header::WWW_AUTHENTICATE, value);
                }
            }
            Self::RangeInvalid { size } => {
                let value = HeaderValue::try_from(format!("0-{}", size.saturating_sub(1)));
                headers.insert(header::RANGE, value.expect("digits are ASCII"));
            }
            Self::OutOfBlob { size } => {
                let value = HeaderValue::try_from(format!("bytes */{size}"));
                headers.insert(header::CONTENT_RANGE, value.expect("digits are ASCII"));
            }
            _ => {}
        }
        response
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        tracing::warn!("{error}: {}", error.source);
        Self::Internal
    }
}
