//! `/v2/{name}/blobs/uploads/`: content on its way in, at once or in chunks, hashed as it arrives. A broken chunk
//! keeps what has come, and the client goes on from there; one that never comes back is swept.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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
/// How long an upload is kept that nobody goes on with.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// An upload under way. It is out of the table while a request works on it, so that no two do.
pub(super) struct Upload {
    name: Name,
    size: u64,
    hash: Sha256,
    last: Instant,
}

/// The one request that works on an upload. However it ends, the upload is back in the table, unless it was finished.
struct Hold<'a> {
    shared: &'a Shared,
    id: String,
    upload: Option<Upload>,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(mut upload) = self.upload.take() {
            upload.last = Instant::now();
            table(self.shared).insert(self.id.clone(), upload);
        }
    }
}

impl Hold<'_> {
    fn upload(&mut self) -> &mut Upload {
        self.upload.as_mut().expect("an upload is held until it is finished")
    }

    fn path(&self) -> std::path::PathBuf {
        self.shared.storage.upload(&self.id)
    }

    /// The upload is over, well or not.
    fn end(mut self) -> Option<Upload> {
        self.upload.take()
    }
}

fn table(shared: &Shared) -> MutexGuard<'_, HashMap<String, Upload>> {
    shared.uploads.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the uploads that nobody goes on with, `now` being later than all of them.
fn sweep(shared: &Shared, now: Instant) {
    let mut uploads = table(shared);
    let idle = uploads.iter().filter(|(_, upload)| now.saturating_duration_since(upload.last) > IDLE);
    let idle: Vec<_> = idle.map(|(id, _)| id.clone()).collect();
    for id in idle {
        uploads.remove(&id);
        let _ = std::fs::remove_file(shared.storage.upload(&id));
    }
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
        // What cannot be mounted is sent.
        if shared.storage.has(&from, Kind::Blobs, digest.hex()) {
            shared.storage.put(name, Kind::Blobs, digest.hex(), "")?;
            return Ok(created(name, &digest));
        }
    }
    sweep(shared, Instant::now());
    if table(shared).len() >= AT_ONCE {
        return Err(ApiError::UploadInvalid { message: format!("over {AT_ONCE} uploads under way") });
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    let upload = Upload { name: name.clone(), size: 0, hash: Sha256::new(), last: Instant::now() };
    let mut hold = Hold { shared, id, upload: Some(upload) };
    let path = hold.path();
    tokio::fs::File::create(&path).await.map_err(Error::of(&path))?;
    match asked.digest {
        Some(digest) => complete(hold, &parsed(&digest)?, request.into_body()).await,
        None => Ok(accepted(&mut hold)),
    }
}

pub(super) fn status(shared: &Shared, name: &Name, id: &str) -> Result<Response, ApiError> {
    let mut response = accepted(&mut take(shared, name, id)?);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

pub(super) async fn append(
    shared: &Shared,
    name: &Name,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let mut hold = take(shared, name, id)?;
    in_order(hold.upload(), request.headers())?;
    receive(&mut hold, request.into_body()).await?;
    Ok(accepted(&mut hold))
}

/// A chunk begins where the one before it ended, and is as long as it says.
fn in_order(upload: &Upload, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(range) = text(header::CONTENT_RANGE) else { return Ok(()) };
    // Some clients write the unit and the whole length, as elsewhere in HTTP.
    let range = range.trim().trim_start_matches("bytes ").split('/').next().unwrap_or_default();
    let ends = range
        .split_once('-')
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let fits = |(first, last): (u64, u64)| {
        first == upload.size && length.is_none_or(|length| first.checked_add(length) == last.checked_add(1))
    };
    if ends.is_some_and(fits) { Ok(()) } else { Err(ApiError::RangeInvalid { size: upload.size }) }
}

pub(super) async fn finish(
    shared: &Shared,
    name: &Name,
    id: &str,
    request: Request,
) -> Result<Response, ApiError> {
    let digest = parameters(&request)?.digest.ok_or(ApiError::DigestInvalid)?;
    let digest = parsed(&digest)?;
    let mut hold = take(shared, name, id)?;
    in_order(hold.upload(), request.headers())?;
    complete(hold, &digest, request.into_body()).await
}

pub(super) fn cancel(shared: &Shared, name: &Name, id: &str) -> Result<Response, ApiError> {
    let hold = take(shared, name, id)?;
    let path = hold.path();
    hold.end();
    std::fs::remove_file(&path).map_err(Error::of(&path))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn complete(mut hold: Hold<'_>, digest: &Digest, body: Body) -> Result<Response, ApiError> {
    receive(&mut hold, body).await?;
    let (shared, path) = (hold.shared, hold.path());
    let Some(Upload { name, hash, .. }) = hold.end() else { return Err(ApiError::UploadUnknown) };
    if Digest::from_hash(hash) != *digest {
        let _ = tokio::fs::remove_file(&path).await;
        return Err(ApiError::DigestInvalid);
    }
    shared.storage.adopt(&path, digest)?;
    shared.storage.put(&name, Kind::Blobs, digest.hex(), "")?;
    Ok(created(&name, digest))
}

async fn receive(hold: &mut Hold<'_>, body: Body) -> Result<(), ApiError> {
    let path = hold.path();
    let failed = || Error::of(&path);
    let mut file = tokio::fs::OpenOptions::new().append(true).open(&path).await.map_err(failed())?;
    let upload = hold.upload();
    // A request that broke off may have left more than was counted.
    file.set_len(upload.size).await.map_err(failed())?;
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
        file.write_all(&chunk).await.map_err(failed())?;
        upload.hash.update(&chunk);
        upload.size += chunk.len() as u64;
    }
    file.flush().await.map_err(failed())?;
    broken
}

fn take<'a>(shared: &'a Shared, name: &Name, id: &str) -> Result<Hold<'a>, ApiError> {
    let mut uploads = table(shared);
    let upload = match uploads.remove(id) {
        Some(upload) if upload.name == *name => upload,
        Some(other) => {
            uploads.insert(id.to_owned(), other);
            return Err(ApiError::UploadUnknown);
        }
        None => return Err(ApiError::UploadUnknown),
    };
    Ok(Hold { shared, id: id.to_owned(), upload: Some(upload) })
}

fn accepted(hold: &mut Hold<'_>) -> Response {
    let mut headers = HeaderMap::new();
    let value = |text: String| HeaderValue::try_from(text).expect("names and identifiers are ASCII");
    let (id, upload) = (hold.id.clone(), hold.upload());
    headers.insert(header::LOCATION, value(format!("/v2/{}/blobs/uploads/{id}", upload.name.as_str())));
    headers.insert("docker-upload-uuid", value(id));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::accounts::Users;
    use crate::registry::{Config, Registry};

    #[tokio::test]
    async fn an_upload_that_nobody_goes_on_with_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let users = Arc::new(Users::open(&folder.path().join("users.json")).unwrap());
        let config = Config { data: folder.path().join("registry"), users, name: "registry".to_owned() };
        let shared = Registry::open(config).await.unwrap().shared;
        let request = Request::post("/v2/dev/app/blobs/uploads/").body(Body::empty()).unwrap();
        start(&shared, &Name::parse("dev/app").unwrap(), request).await.unwrap();
        let files = || std::fs::read_dir(folder.path().join("registry/uploads")).unwrap().count();
        sweep(&shared, Instant::now());
        assert_eq!((files(), table(&shared).len()), (1, 1));
        sweep(&shared, Instant::now() + IDLE + Duration::from_secs(1));
        assert_eq!((files(), table(&shared).len()), (0, 0));
    }
}
