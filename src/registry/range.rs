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
    let bad = |_| ApiError::UploadInvalid { message: "`n` must be a number".to_owned() };
    let Query(asked) = Query::<Parameters>::try_from_uri(uri).map_err(bad)?;
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

/// First and last byte of a `Range` header that asks for one part. Others are answered whole.
pub(super) fn bytes(headers: &HeaderMap, size: u64) -> Option<(u64, u64)> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = text.split_once('-')?;
    let first = first.parse::<u64>().ok()?;
    let last = if last.is_empty() { size.saturating_sub(1) } else { last.parse().ok()? };
    Some((first, last.min(size.saturating_sub(1))))
}
