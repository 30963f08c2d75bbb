//! Repositories of registries by their `oci://` addresses, and what is pulled from them.

use serde_json::Value;

use super::{Credentials, Relay};
use crate::artifacts::{Error, Remote};
use crate::controllers::Context;

/// A repository of a registry.
pub(in crate::controllers) struct Repository {
    /// The registry, as the address has it.
    pub(in crate::controllers) host: String,
    /// The repository's name.
    pub(in crate::controllers) name: String,
    scheme: &'static str,
    remote: Remote,
    relay: Option<Relay>,
}

impl Repository {
    /// The host of an address.
    pub(in crate::controllers) fn host_of(url: &str) -> &str {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Opens the repository at an address; the error says what is wrong with the address, or with the certificates.
    pub(in crate::controllers) async fn open(
        context: &Context,
        url: &str,
        insecure: bool,
        credentials: &Credentials,
    ) -> Result<Self, String> {
        let rest = url.strip_prefix("oci://").ok_or("URL must be in format 'oci://<domain>/<org>/<repo>'")?;
        let (host, name) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest, ""));
        if host.is_empty() || name.is_empty() {
            return Err(format!("could not parse reference: {rest}"));
        }
        if let Some((_, tag)) = name.split_once(':') {
            return Err(format!("URL must not contain a tag; remove ':{tag}'"));
        }
        let scheme = if insecure { "http" } else { "https" };
        let reached = format!("{scheme}://{}", (context.resolve)(host));
        let relay = Relay::to(&reached, &credentials.tls).await?;
        let reached = relay.as_ref().map_or_else(|| reached.clone(), |relay| relay.reached(&reached));
        let remote = Remote::new(&reached, name, &credentials.user, &credentials.password);
        Ok(Self { host: host.to_owned(), name: name.to_owned(), scheme, remote, relay })
    }

    /// All tags.
    pub(in crate::controllers) async fn tags(&self) -> Result<Vec<String>, String> {
        let path = "tags/list".to_owned();
        let tags = self.remote.tags().await.map_err(|error| self.told(&path, &error))?;
        if tags.is_empty() {
            return Err(format!("{}: NAME_UNKNOWN: repository name not known to registry", self.get(&path)));
        }
        Ok(tags)
    }

    /// The digest that a tag names.
    pub(in crate::controllers) async fn digest(&self, tag: &str) -> Result<String, String> {
        let path = format!("manifests/{tag}");
        let found = self.remote.tagged(tag).await.map_err(|error| self.told(&path, &error))?;
        found.ok_or_else(|| self.unknown(tag))
    }

    /// The manifest with a tag or digest.
    pub(in crate::controllers) async fn manifest(&self, reference: &str) -> Result<Value, String> {
        let path = format!("manifests/{reference}");
        let found = self.remote.manifest(reference).await.map_err(|error| self.told(&path, &error))?;
        let found = found.ok_or_else(|| self.unknown(reference))?;
        serde_json::from_slice(&found).map_err(|error| format!("manifest `{reference}` is no JSON: {error}"))
    }

    /// The bytes of a layer, whose digest is checked.
    pub(in crate::controllers) async fn blob(&self, digest: &str) -> Result<Vec<u8>, String> {
        use sha2::Digest as _;
        let found = self.remote.blob(digest).await;
        let found = found.map_err(|error| self.told(&format!("blobs/{digest}"), &error))?;
        let is = format!("sha256:{:x}", sha2::Sha256::digest(&found));
        if is == digest { Ok(found) } else { Err(format!("blob `{digest}` has the digest `{is}`")) }
    }

    fn get(&self, path: &str) -> String {
        format!("GET {}://{}/v2/{}/{path}", self.scheme, self.host, self.name)
    }

    fn unknown(&self, tag: &str) -> String {
        format!("{}: MANIFEST_UNKNOWN: manifest unknown", self.get(&format!("manifests/{tag}")))
    }

    /// A failure in the words of the library that Flux pulls with.
    fn told(&self, path: &str, error: &Error) -> String {
        // What the relay has met says more than what it answered.
        if let Some(trouble) = self.relay.as_ref().and_then(Relay::trouble) {
            return trouble;
        }
        match error {
            Error::Refused { status: 401, .. } => {
                format!("{}: UNAUTHORIZED: authentication required", self.get(path))
            }
            Error::Refused { status: 403, message, .. } => format!("{}: DENIED: {message}", self.get(path)),
            Error::Refused { status, message, .. } => {
                format!("{}: unexpected status code {status}: {message}", self.get(path))
            }
            Error::Unreachable { source, .. } => {
                let mut reason: &dyn std::error::Error = source;
                while let Some(inner) = reason.source() {
                    reason = inner;
                }
                format!("Get \"{}://{}/v2/\": {reason}", self.scheme, self.host)
            }
            error => error.to_string(),
        }
    }
}
