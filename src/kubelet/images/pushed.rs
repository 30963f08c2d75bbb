//! Images that were pushed to the lab's own registry, pulled from it as a container runtime does: a token, the manifest
//! (or the one of an index for this architecture), the configuration, the layers.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use super::contents::Contents;
use super::layers::lay;
use super::reference::Reference;
use crate::artifacts::Files;

/// Manifests and configurations are not longer.
const DOCUMENT_LIMIT: usize = 4 << 20;
/// A longer layer is no site's: it is not looked into.
const LAYER_LIMIT: usize = 64 << 20;

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                      application/vnd.docker.distribution.manifest.v2+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json";

/// A registry that the nodes reach without a network.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Host and port that references name it by.
    pub name: String,
    /// Its routes.
    pub router: Router,
}

/// An image that was pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pulled {
    /// Of its manifest.
    pub(super) digest: String,
    /// Of all its parts together, in bytes, as they were transferred.
    pub(super) size: u64,
    pub(super) contents: Contents,
}

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The registry has none of this name and tag.
    Unknown,
    /// What it has is no image for this node; the words are the runtime's.
    Unusable(String),
}

impl Registry {
    /// Pulls an image.
    pub(super) async fn pull(&self, reference: &Reference) -> Result<Pulled, Missing> {
        let token = self.token().await;
        let (mut digest, mut manifest) = self.manifest(reference, &reference.tag, &token).await?;
        if let Some(all) = manifest["manifests"].as_array() {
            let fits = |one: &&Value| {
                let platform = &one["platform"];
                platform["os"] == "linux" && platform["architecture"] == architecture()
            };
            let words = || {
                let full = reference.full();
                let platform = architecture();
                Missing::Unusable(format!(
                    r#"rpc error: code = NotFound desc = failed to pull and unpack image "{full}": no match for platform in manifest: not found ({platform})"#
                ))
            };
            let chosen = all.iter().find(fits).and_then(|one| one["digest"].as_str()).map(str::to_owned);
            let chosen = chosen.ok_or_else(words)?;
            (digest, manifest) = self.manifest(reference, &chosen, &token).await?;
        }
        let config = manifest["config"]["digest"].as_str().ok_or(Missing::Unknown)?;
        let config = self.blob(reference, config, &token, DOCUMENT_LIMIT).await.ok_or(Missing::Unknown)?;
        let size = |part: &Value| part["size"].as_u64().unwrap_or_default();
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        let total = size(&manifest["config"]) + layers.iter().map(size).sum::<u64>();
        let mut files = Files::new();
        for layer in &layers {
            let Some(digest) = layer["digest"].as_str() else { continue };
            if usize::try_from(size(layer)).is_ok_and(|size| size > LAYER_LIMIT) {
                continue;
            }
            if let Some(bytes) = self.blob(reference, digest, &token, LAYER_LIMIT).await {
                let laid = tokio::task::spawn_blocking(move || {
                    lay(&mut files, &bytes);
                    files
                });
                files = laid.await.unwrap_or_default();
            }
        }
        let config = serde_json::from_slice(&config).map_err(|_| Missing::Unknown)?;
        Ok(Pulled { digest, size: total, contents: Contents::read(&config, &files) })
    }

    /// One for nobody: images of a lab are for all its nodes.
    async fn token(&self) -> String {
        let answer = self.get("/v2/token", "", DOCUMENT_LIMIT).await;
        let answer = answer.and_then(|(_, bytes)| serde_json::from_slice::<Value>(&bytes).ok());
        answer.and_then(|answer| Some(answer["token"].as_str()?.to_owned())).unwrap_or_default()
    }

    async fn manifest(
        &self,
        reference: &Reference,
        wanted: &str,
        token: &str,
    ) -> Result<(String, Value), Missing> {
        let path = format!("/v2/{}/manifests/{wanted}", reference.path);
        let (digest, bytes) = self.get(&path, token, DOCUMENT_LIMIT).await.ok_or(Missing::Unknown)?;
        Ok((digest, serde_json::from_slice(&bytes).map_err(|_| Missing::Unknown)?))
    }

    async fn blob(&self, reference: &Reference, digest: &str, token: &str, limit: usize) -> Option<Vec<u8>> {
        let path = format!("/v2/{}/blobs/{digest}", reference.path);
        self.get(&path, token, limit).await.map(|(_, bytes)| bytes)
    }

    /// The digest and the bytes at a path, if there are any.
    async fn get(&self, path: &str, token: &str, limit: usize) -> Option<(String, Vec<u8>)> {
        let mut request = Request::get(path).header(header::HOST, &self.name).header(header::ACCEPT, ACCEPT);
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = match self.router.clone().oneshot(request.body(Body::empty()).ok()?).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        if answer.status() != StatusCode::OK {
            return None;
        }
        let digest = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let digest = digest.unwrap_or_default().to_owned();
        let bytes = axum::body::to_bytes(answer.into_body(), limit).await.ok()?;
        Some((digest, bytes.to_vec()))
    }
}

/// The name that images have for the nodes' processors.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
