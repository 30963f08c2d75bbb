//! `GET /v2/{name}/referrers/{digest}`: the manifests whose subject another manifest is.

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::digest::Digest;
use super::error::ApiError;
use super::name::Name;
use super::range;
use super::server::Shared;
use super::storage::Kind;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Deserialize)]
struct Filter {
    #[serde(rename = "artifactType")]
    artifact_type: Option<String>,
}

pub(super) fn get(shared: &Shared, name: &Name, subject: &Digest, uri: &Uri) -> Result<Response, ApiError> {
    let bad = |_| ApiError::UploadInvalid { message: "`artifactType` must be text".to_owned() };
    let Query(filter) = Query::<Filter>::try_from_uri(uri).map_err(bad)?;
    let keys = shared.storage.keys(name, Kind::Manifests).unwrap_or_default();
    let found = keys.iter().filter_map(|hex| descriptor(shared, name, hex, subject));
    let wished =
        |found: &Value| filter.artifact_type.as_ref().is_none_or(|kind| found["artifactType"] == *kind);
    let manifests: Vec<Value> = found.filter(wished).collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(INDEX));
    if filter.artifact_type.is_some() {
        headers.insert("oci-filters-applied", HeaderValue::from_static("artifactType"));
    }
    let mut response =
        range::answer(headers, json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(INDEX));
    Ok(response)
}

fn descriptor(shared: &Shared, name: &Name, hex: &str, subject: &Digest) -> Option<Value> {
    let media_type = shared.storage.get(name, Kind::Manifests, hex)?;
    let digest: Digest = format!("sha256:{hex}").parse().ok()?;
    let content = std::fs::read(shared.storage.blob(&digest)).ok()?;
    let manifest: Value = serde_json::from_slice(&content).ok()?;
    if manifest["subject"]["digest"] != subject.to_string() {
        return None;
    }
    let mut found = json!({"mediaType": media_type, "digest": digest.to_string(), "size": content.len()});
    let kind = match &manifest["artifactType"] {
        Value::String(kind) if !kind.is_empty() => Value::from(kind.as_str()),
        _ => manifest["config"]["mediaType"].clone(),
    };
    // What it does not say is left out.
    for (field, value) in [("artifactType", kind), ("annotations", manifest["annotations"].clone())] {
        if !value.is_null() {
            found[field] = value;
        }
    }
    Some(found)
}
