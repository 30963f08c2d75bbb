//! `/api/v1/repos/{owner}/{repo}/keys`: deploy keys. They are kept and told for the sake of tools that make them;
//! git over SSH is not served, so that nobody comes in with one.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::ApiError;
use super::call::{Call, Found, Payload, blocking};
use super::paging::Page;
use super::repos;
use super::users::seconds;
use crate::forge::metadata::DeployKey;

/// Keys of one repository.
const LIMIT: usize = 100;

#[derive(Deserialize)]
pub(crate) struct CreateKey {
    #[serde(default)]
    title: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    read_only: bool,
}

fn answer(call: &Call, found: &Found, key: &DeployKey) -> Value {
    let url = format!("{}/api/v1/repos/{}/keys/{}", call.base, found.metadata.full_name(), key.id);
    json!({"id": key.id, "key_id": key.id, "key": key.key, "url": url, "title": key.title,
        "fingerprint": fingerprint(&key.key).unwrap_or_default(), "created_at": seconds(key.created),
        "read_only": key.read_only})
}

/// With the repository, as everything but the making of a key answers.
fn whole(call: &Call, found: &Found, key: &DeployKey) -> Value {
    let mut answer = answer(call, found, key);
    answer["repository"] = repos::answer(call, &found.repository, found.permission);
    answer
}

/// Of a public key as in `authorized_keys`: its kind, base64, and perhaps a comment. Nothing when it is none.
fn fingerprint(key: &str) -> Option<String> {
    let mut words = key.split_ascii_whitespace();
    let (kind, text) = (words.next()?, words.next()?);
    let blob = STANDARD.decode(text).ok()?;
    let length = u32::from_be_bytes(blob.get(..4)?.try_into().ok()?) as usize;
    // The kind stands in the blob again.
    let inside = blob.get(4..4 + length)?;
    (inside == kind.as_bytes() && blob.len() > 4 + length)
        .then(|| format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&blob))))
}

type KeyPath = Path<(String, String, u64)>;

pub(crate) async fn list(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    page: Page,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let found = call.administered(&owner, &name)?;
    Ok(page.of(found.metadata.keys.clone(), |key| whole(&call, &found, &key)))
}

pub(crate) async fn get(call: Call, Path((owner, name, id)): KeyPath) -> Result<Json<Value>, ApiError> {
    let found = call.administered(&owner, &name)?;
    let key = found.metadata.keys.iter().find(|key| key.id == id).ok_or_else(ApiError::missing)?;
    Ok(Json(whole(&call, &found, key)))
}

pub(crate) async fn create(
    call: Call,
    Path((owner, name)): Path<(String, String)>,
    Payload(new): Payload<CreateKey>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let found = call.administered(&owner, &name)?;
    let invalid = |message: &str| ApiError::Invalid { message: message.to_owned() };
    let key = new.key.trim().to_owned();
    if new.title.is_empty() || new.title.len() > 255 {
        return Err(invalid("[Title]: Required"));
    }
    if key.len() > 16 << 10 || key.contains('\n') || fingerprint(&key).is_none() {
        return Err(invalid("Invalid key content: not a public key as in `authorized_keys`"));
    }
    let blob = |key: &str| key.split_ascii_whitespace().nth(1).map(str::to_owned);
    blocking(move || {
        let made = found.repository.change(|metadata| {
            if metadata.keys.iter().any(|other| blob(&other.key) == blob(&key)) {
                return Err(invalid("This key has already been added to this repository"));
            }
            if metadata.keys.iter().any(|other| other.title == new.title) || metadata.keys.len() >= LIMIT {
                return Err(invalid("A key with the same name already exists"));
            }
            metadata.next_key += 1;
            let CreateKey { title, read_only, .. } = new;
            let made = DeployKey { id: metadata.next_key, title, key, read_only, created: Timestamp::now() };
            metadata.keys.push(made.clone());
            Ok(made)
        })??;
        Ok((StatusCode::CREATED, Json(answer(&call, &found, &made))))
    })
    .await
}

/// Gone is gone, whether or not it was there.
pub(crate) async fn delete(call: Call, Path((owner, name, id)): KeyPath) -> Result<StatusCode, ApiError> {
    let found = call.administered(&owner, &name)?;
    blocking(move || {
        found.repository.change(|metadata| metadata.keys.retain(|key| key.id != id))?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
