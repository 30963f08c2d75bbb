//! `/v2/{name}/manifests/{reference}`: manifests and indexes, by tag or digest.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Error;
use super::digest::Digest;
use super::error::ApiError;
use super::name::{Name, Reference};
use super::server::Shared;
use super::storage::Kind;

/// A longer manifest is refused; the specification asks for at least 4 MiB.
const LIMIT: usize = 4 << 20;

fn digest_of(shared: &Shared, name: &Name, wanted: &Reference) -> Result<Digest, ApiError> {
    match wanted {
        Reference::Digest(digest) => Ok(digest.clone()),
        Reference::Tag(tag) => {
            let digest = shared.storage.get(name, Kind::Tags, tag).and_then(|text| text.parse().ok());
            digest.ok_or(ApiError::ManifestUnknown)
        }
    }
}

pub(super) fn get(shared: &Shared, name: &Name, wanted: &Reference) -> Result<Response, ApiError> {
    let digest = digest_of(shared, name, wanted)?;
    let media_type =
        shared.storage.get(name, Kind::Manifests, digest.hex()).ok_or(ApiError::ManifestUnknown)?;
    let path = shared.storage.blob(&digest);
    let content = std::fs::read(&path).map_err(Error::of(&path))?;
    if Digest::of(&content) != digest {
        tracing::warn!("manifest `{digest}` is damaged");
        return Err(ApiError::Internal);
    }
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::try_from(text).map_err(|_| ApiError::Internal);
    headers.insert(header::CONTENT_TYPE, value(&media_type)?);
    headers.insert(header::ETAG, value(&format!("\"{digest}\""))?);
    headers.insert("docker-content-digest", value(&digest.to_string())?);
    Ok((headers, content).into_response())
}

pub(super) async fn put(
    shared: &Shared,
    name: &Name,
    reference: &Reference,
    request: Request,
) -> Result<Response, ApiError> {
    let given =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let content = axum::body::to_bytes(request.into_body(), LIMIT).await;
    let content = content.map_err(|_| ApiError::SizeInvalid { limit: LIMIT as u64 })?;
    let invalid = |message: &str| ApiError::ManifestInvalid { message: message.to_owned() };
    let manifest: Value = serde_json::from_slice(&content).map_err(|error| invalid(&error.to_string()))?;
    if manifest["schemaVersion"] != 2 {
        return Err(invalid("`schemaVersion` must be 2"));
    }
    let media_type = manifest["mediaType"].as_str().or(given.as_deref());
    let media_type = media_type.ok_or_else(|| invalid("`mediaType` is missing"))?;
    check_parts(shared, name, &manifest)?;
    let digest = Digest::of(&content);
    if matches!(reference, Reference::Digest(wanted) if *wanted != digest) {
        return Err(ApiError::DigestInvalid);
    }
    shared.storage.keep(&content)?;
    shared.storage.put(name, Kind::Manifests, digest.hex(), media_type)?;
    if let Reference::Tag(tag) = reference {
        shared.storage.put(name, Kind::Tags, tag, &digest.to_string())?;
    }
    let mut headers = HeaderMap::new();
    let value = |text: &str| HeaderValue::try_from(text).map_err(|_| ApiError::Internal);
    headers.insert(header::LOCATION, value(&format!("/v2/{}/manifests/{digest}", name.as_str()))?);
    headers.insert("docker-content-digest", value(&digest.to_string())?);
    if let Some(subject) = manifest["subject"]["digest"].as_str() {
        headers.insert("oci-subject", value(subject)?);
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

/// What a manifest names must be in the repository, so that whoever pulls it finds everything.
fn check_parts(shared: &Shared, name: &Name, manifest: &Value) -> Result<(), ApiError> {
    let list = |field: &str| manifest[field].as_array().cloned().unwrap_or_default();
    let blobs =
        list("layers").into_iter().chain(manifest.get("config").cloned()).map(|part| (Kind::Blobs, part));
    let manifests = list("manifests").into_iter().map(|part| (Kind::Manifests, part));
    for (kind, part) in blobs.chain(manifests) {
        let digest = part["digest"].as_str().unwrap_or_default();
        let known = |digest: &Digest| shared.storage.has(name, kind, digest.hex());
        // Layers with addresses of their own are never pushed.
        if part["urls"].as_array().is_none_or(Vec::is_empty)
            && !digest.parse().is_ok_and(|digest| known(&digest))
        {
            return Err(ApiError::ManifestBlobUnknown { digest: digest.chars().take(100).collect() });
        }
    }
    Ok(())
}

pub(super) fn delete(shared: &Shared, name: &Name, wanted: &Reference) -> Result<Response, ApiError> {
    let gone = match wanted {
        Reference::Tag(tag) => shared.storage.remove(name, Kind::Tags, tag)?,
        Reference::Digest(digest) => {
            for tag in shared.storage.keys(name, Kind::Tags).unwrap_or_default() {
                if shared.storage.get(name, Kind::Tags, &tag) == Some(digest.to_string()) {
                    shared.storage.remove(name, Kind::Tags, &tag)?;
                }
            }
            shared.storage.remove(name, Kind::Manifests, digest.hex())?
        }
    };
    if gone { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(ApiError::ManifestUnknown) }
}
