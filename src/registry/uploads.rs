//! `/v2/{name}/blobs/uploads/`: content on its way in, at once or in chunks, hashed as it arrives. A broken chunk
//! keeps what has come, and the client goes on from there.

use std::path::Path;
use std::sync::PoisonError;

use axum::body::Body;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::Error;
use super::digest::Digest;
use super::error::ApiError;
use super::name::Name;
use super::server::Shared;
use super::storage::Kind;

/// A longer blob is refused.
const LIMIT: u64 = 10 << 30;
/// Uploads under way at a time.
const AT_ONCE: usize = 1000;

/// An upload under way. It is out of the table while a request works on it, so that no two do.
pub(super) struct Upload {
    name: Name,
    size: u64,
    hash: Sha256,
}

#[derive(Deserialize)]
struct Parameters {
    digest: Option<String>,
    mount: Option<String>,
    from: Option<String>,
}

fn parameters(request: &Request) -> Result<Parameters, ApiError> {
    let bad = |error: axum::extract::rejection::QueryRejection| ApiError::UploadInvalid {
        message: error.body_text(),
    };
    Query::try_from_uri(request.uri()).map(|Query(found)| found).map_err(bad)
}

fn parsed(digest: &str) -> Result<Digest, ApiError> {
    digest.parse().map_err(|()| ApiError::DigestInvalid)
}

pub(super) async fn start(shared: &Shared, name: &Name, request: Request) -> Result<Response, ApiError> {
    let asked = parameters(&request)?;
    if let (Some(digest), Some(from)) = (&asked.mount, &asked.from) {
        let (digest, from) = (parsed(digest)?, Name::parse(from)?);
        if shared.storage.has(&from, Kind::Blobs, digest.hex()) {
            shared.storage.put(name, Kind::Blobs, digest.hex(), "")?;
            return Ok(created(name, &digest));
        }
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload { name: name.clone(), size: 0, hash: Sha256::new() };
    let path = shared.storage.upload(&id);
    tokio::fs::File::create(&path).await.map_err(Error::of(&path))?;
    if let Some(digest) = asked.digest {
        return complete(shared, &id, upload, &parsed(&digest)?, request.into_body()).await;
    }
    let response = accepted(&id, &upload);
    keep(shared, &id, upload)?;
    Ok(response)
}

pub(super) fn status(shared: &Shared, name: &Name, id: &str) -> Result<Response, ApiError> {
    let upload = take(shared, name, id)?;
    let mut response = accepted(id, &upload);
    *response.status_mut() = StatusCode::NO_CONTENT;
    keep(shared, id, upload)?;
    Ok(response)
}

pub(super) async fn append(
    shared: &Shared,
    name: &Name,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let mut upload = take(shared, name, id)?;
    let range = request.headers().get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let first = range.map(|range| range.split('-').next().and_then(|first| first.trim().parse::<u64>().ok()));
    if first.is_some_and(|first| first != Some(upload.size)) {
        let size = upload.size;
        keep(shared, id, upload)?;
        return Err(ApiError::RangeInvalid { size });
    }
    let received = receive(&mut upload, &shared.storage.upload(id), request.into_body()).await;
    let response = accepted(id, &upload);
    keep(shared, id, upload)?;
    received.map(|()| response)
}

pub(super) async fn finish(
    shared: &Shared,
    name: &Name,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let digest = parameters(&request)?.digest.ok_or(ApiError::DigestInvalid)?;
    let digest = parsed(&digest)?;
    let upload = take(shared, name, id)?;
    complete(shared, id, upload, &digest, request.into_body()).await
}

pub(super) fn cancel(shared: &Shared, name: &Name, id: &str) -> Result<Response, ApiError> {
    take(shared, name, id)?;
    let path = shared.storage.upload(id);
    std::fs::remove_file(&path).map_err(Error::of(&path))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn complete(
    shared: &Shared,
    id: &str,
    mut upload: Upload,
    digest: &Digest,
    body: Body,
) -> Result<Response, ApiError> {
    let path = shared.storage.upload(id);
    let received = receive(&mut upload, &path, body).await;
    let Upload { name, hash, .. } = upload;
    if received.is_err() || Digest::from_hash(hash) != *digest {
        let _ = tokio::fs::remove_file(&path).await;
        return received.and(Err(ApiError::DigestInvalid));
    }
    shared.storage.adopt(&path, digest)?;
    shared.storage.put(&name, Kind::Blobs, digest.hex(), "")?;
    Ok(created(&name, digest))
}

async fn receive(upload: &mut Upload, path: &Path, body: Body) -> Result<(), ApiError> {
    let mut file = tokio::fs::OpenOptions::new().append(true).open(path).await.map_err(Error::of(path))?;
    let mut stream = body.into_data_stream();
    let mut broken = Ok(());
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else {
            broken = Err(ApiError::UploadInvalid { message: "the content broke off".to_owned() });
            break;
        };
        if upload.size + chunk.len() as u64 > LIMIT {
            broken = Err(ApiError::SizeInvalid { limit: LIMIT });
            break;
        }
        file.write_all(&chunk).await.map_err(Error::of(path))?;
        upload.hash.update(&chunk);
        upload.size += chunk.len() as u64;
    }
    file.flush().await.map_err(Error::of(path))?;
    broken
}

fn take(shared: &Shared, name: &Name, id: &str) -> Result<Upload, ApiError> {
    let mut uploads = shared.uploads.lock().unwrap_or_else(PoisonError::into_inner);
    match uploads.remove(id) {
        Some(upload) if upload.name == *name => Ok(upload),
        Some(other) => {
            uploads.insert(id.to_owned(), other);
            Err(ApiError::UploadUnknown)
        }
        None => Err(ApiError::UploadUnknown),
    }
}

fn keep(shared: &Shared, id: &str, upload: Upload) -> Result<(), ApiError> {
    let mut uploads = shared.uploads.lock().unwrap_or_else(PoisonError::into_inner);
    if uploads.len() >= AT_ONCE {
        return Err(ApiError::UploadInvalid { message: format!("over {AT_ONCE} uploads under way") });
    }
    uploads.insert(id.to_owned(), upload);
    Ok(())
}

fn accepted(id: &str, upload: &Upload) -> Response {
    let mut headers = HeaderMap::new();
    let value = |text: String| HeaderValue::try_from(text).expect("names and identifiers are ASCII");
    headers.insert(header::LOCATION, value(format!("/v2/{}/blobs/uploads/{id}", upload.name.as_str())));
    headers.insert("docker-upload-uuid", value(id.to_owned()));
    headers.insert(header::RANGE, value(format!("0-{}", upload.size.saturating_sub(1))));
    (StatusCode::ACCEPTED, headers).into_response()
}

fn created(name: &Name, digest: &Digest) -> Response {
    let mut headers = HeaderMap::new();
    let value = |text: String| HeaderValue::try_from(text).expect("names and digests are ASCII");
    headers.insert(header::LOCATION, value(format!("/v2/{}/blobs/{digest}", name.as_str())));
    headers.insert("docker-content-digest", value(digest.to_string()));
    (StatusCode::CREATED, headers).into_response()
}
