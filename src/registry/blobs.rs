//! `/v2/{name}/blobs/{digest}`: content, streamed from its file, whole or in part.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::Error;
use super::digest::Digest;
use super::error::ApiError;
use super::name::Name;
use super::range;
use super::server::Shared;
use super::storage::Kind;

/// How much is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// The size of a blob that the repository holds.
fn size(shared: &Shared, name: &Name, digest: &Digest) -> Result<u64, ApiError> {
    if !shared.storage.has(name, Kind::Blobs, digest.hex()) {
        return Err(ApiError::BlobUnknown);
    }
    let found = std::fs::metadata(shared.storage.blob(digest)).map_err(|_| ApiError::BlobUnknown)?;
    Ok(found.len())
}

fn described(digest: &Digest, length: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let text = digest.to_string();
    let value = |text: &str| HeaderValue::try_from(text).expect("digests are ASCII");
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, value(&format!("\"{text}\"")));
    headers.insert("docker-content-digest", value(&text));
    headers
}

pub(super) fn head(shared: &Shared, name: &Name, digest: &Digest) -> Result<Response, ApiError> {
    Ok(described(digest, size(shared, name, digest)?).into_response())
}

pub(super) async fn get(
    shared: &Shared,
    name: &Name,
    digest: &Digest,
    asked: &HeaderMap,
) -> Result<Response, ApiError> {
    let size = size(shared, name, digest)?;
    let path = shared.storage.blob(digest);
    let mut file = tokio::fs::File::open(&path).await.map_err(Error::of(&path))?;
    // A client that goes on with other content gets all of this one.
    let changed =
        asked.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes() != format!("\"{digest}\"").as_bytes());
    let Some((first, last)) = range::bytes(asked, size).filter(|_| !changed) else {
        return Ok((described(digest, size), Body::from_stream(verified(file, digest))).into_response());
    };
    if first > last || first >= size {
        return Err(ApiError::OutOfBlob { size });
    }
    file.seek(std::io::SeekFrom::Start(first)).await.map_err(Error::of(&path))?;
    let length = last - first + 1;
    let mut headers = described(digest, length);
    let range = format!("bytes {first}-{last}/{size}");
    headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(range).expect("digits are ASCII"));
    let body = Body::from_stream(ReaderStream::new(file.take(length)));
    Ok((StatusCode::PARTIAL_CONTENT, headers, body).into_response())
}

/// The content, which breaks off before its end when it is not what its digest says: the disk has lost it.
fn verified(file: tokio::fs::File, digest: &Digest) -> impl Stream<Item = std::io::Result<Bytes>> + use<> {
    let expected = digest.clone();
    async_stream::try_stream! {
        let mut stream = ReaderStream::with_capacity(file, CHUNK);
        let (mut hash, mut held) = (Sha256::new(), None);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            // One chunk is held back until it is known that the rest is right.
            if let Some(before) = held.replace(chunk) {
                yield before;
            }
        }
        if Digest::from_hash(hash) != expected {
            tracing::warn!("blob `{expected}` is damaged");
            Err(std::io::ErrorKind::InvalidData)?;
        }
        if let Some(last) = held {
            yield last;
        }
    }
}

/// The repository no longer holds it; other repositories may.
pub(super) fn delete(shared: &Shared, name: &Name, digest: &Digest) -> Result<Response, ApiError> {
    let gone = shared.storage.remove(name, Kind::Blobs, digest.hex())?;
    if gone { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(ApiError::BlobUnknown) }
}
