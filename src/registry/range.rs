//! Parts of lists and of blobs: `n` and `last` in queries, and the `Range` header.

use axum::Json;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::error::ApiError;

/// Entries of an answer at most.
const LIMIT: usize = 1000;

#[derive(Deserialize)]
struct Parameters {
    n: Option<usize>,
    last: Option<String>,
}

/// The part of a sorted list that a query asks for, and the header that leads to the next.
pub(super) fn part(uri: &Uri, all: Vec<String>) -> Result<(Vec<String>, HeaderMap), ApiError> {
    let Query(asked) = Query::<Parameters>::try_from_uri(uri).map_err(|_| ApiError::PageInvalid)?;
    let last = asked.last.unwrap_or_default();
    let size = asked.n.unwrap_or(LIMIT).min(LIMIT);
    let mut rest = all.into_iter().filter(|entry| *entry > last);
    let part: Vec<String> = rest.by_ref().take(size).collect();
    let mut headers = HeaderMap::new();
    if let (Some(end), true) = (part.last(), rest.next().is_some()) {
        let link = format!("<{}?n={size}&last={end}>; rel=\"next\"", uri.path());
        headers.extend(HeaderValue::try_from(link).map(|link| (header::LINK, link)));
    }
    Ok((part, headers))
}

pub(super) fn answer(headers: HeaderMap, body: Value) -> Response {
    (headers, Json(body)).into_response()
}

/// First and last byte of a `Range` header that asks for one part. Others, and those that make no sense, are answered
/// whole. <https://www.rfc-editor.org/rfc/rfc9110#name-byte-ranges>
pub(super) fn bytes(headers: &HeaderMap, size: u64) -> Option<(u64, u64)> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = text.split_once('-')?;
    if first.is_empty() {
        // The last bytes, as many as the number says.
        let count = last.parse::<u64>().ok()?;
        return Some((if count == 0 { size } else { size.saturating_sub(count) }, size.saturating_sub(1)));
    }
    let first = first.parse::<u64>().ok()?;
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    (first <= last).then(|| (first, last.min(size.saturating_sub(1))))
}
