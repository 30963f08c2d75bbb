//! Documents that clients keep, and ask for again only to hear that they have not changed.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The document, or 304 when the client has it.
pub(super) fn answer(headers: &HeaderMap, media_type: &str, document: &Value) -> Response {
    let text = document.to_string();
    let tag = format!("\"{}\"", hash(&text));
    let media_type = media_type.to_owned();
    let shared = [(header::ETAG, tag.clone()), (header::VARY, "Accept".to_owned())];
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    let kept = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "public".to_owned())];
    (shared, kept, text).into_response()
}

/// The document's fingerprint.
pub(super) fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |mut hash, byte| {
        write!(hash, "{byte:02X}").expect("writing to a string does not fail");
        hash
    })
}
