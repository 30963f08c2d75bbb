//! A repository of a registry, as who pushes to it sees it: blobs first, then the manifest under its tag.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Error, Packed};

/// The largest answer that is read.
const ANSWER_LIMIT: usize = 64 << 20;
/// What manifests may be like.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// `sha256:` and the hash in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    named(&Sha256::digest(bytes))
}

fn named(hash: &[u8]) -> String {
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A repository of a registry.
pub struct Remote {
    http: reqwest::Client,
    url: String,
    name: String,
    user: String,
    password: String,
    /// What the registry gave for the name and password, or to nobody, when it asked for a token.
    token: Mutex<Option<String>>,
}

impl Remote {
    /// The repository `name` of the registry at `url` (without a slash at its end), for a user.
    pub fn new(url: &str, name: &str, user: &str, password: &str) -> Self {
        // A registry of a lab is on this machine; a proxy of the person's environment is not for it.
        let http = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self {
            http,
            url: url.to_owned(),
            name: name.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            token: Mutex::default(),
        }
    }

    /// The digest of the manifest that a tag names; nothing when there is no such tag.
    pub async fn tagged(&self, tag: &str) -> Result<Option<String>, Error> {
        let path = format!("/v2/{}/manifests/{tag}", self.name);
        let request = self.request(&Method::HEAD, &path).header(header::ACCEPT, ACCEPT);
        let answer = self.send(request).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let digest =
                    answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
                Ok(Some(digest.unwrap_or_default().to_owned()))
            }
            _ => Err(refused(&Method::HEAD, path, answer).await),
        }
    }

    /// The tags, in the registry's order.
    pub async fn tags(&self) -> Result<Vec<String>, Error> {
        let path = format!("/v2/{}/tags/list", self.name);
        let answer = self.send(self.request(&Method::GET, &path)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let bytes = self.read(&Method::GET, path, answer).await?;
        let found: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let tags = found["tags"].as_array().into_iter().flatten();
        Ok(tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
    }

    /// The bytes of a manifest; nothing when there is none.
    pub async fn manifest(&self, reference: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = format!("/v2/{}/manifests/{reference}", self.name);
        let answer = self.send(self.request(&Method::GET, &path).header(header::ACCEPT, ACCEPT)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.read(&Method::GET, path, answer).await.map(Some)
    }

    /// The bytes of a blob.
    pub async fn blob(&self, digest: &str) -> Result<Vec<u8>, Error> {
        let path = format!("/v2/{}/blobs/{digest}", self.name);
        let answer = self.send(self.request(&Method::GET, &path)).await?;
        self.read(&Method::GET, path, answer).await
    }

    /// Pushes what the registry does not have yet, and names it. Returns whether anything changed.
    pub async fn push(&self, tag: &str, packed: &Packed) -> Result<bool, Error> {
        if self.tagged(tag).await?.as_deref() == Some(&packed.digest()) {
            return Ok(false);
        }
        self.push_parts(packed).await?;
        self.put_manifest(tag, packed).await?;
        Ok(true)
    }

    /// Everything but the manifest itself, so that it never names what is not there.
    async fn push_parts(&self, packed: &Packed) -> Result<(), Error> {
        for part in &packed.parts {
            Box::pin(self.push_parts(part)).await?;
            self.put_manifest(&part.digest(), part).await?;
        }
        for (digest, lender) in &packed.borrowed {
            self.borrow_blob(digest, lender).await?;
        }
        for blob in &packed.blobs {
            self.push_blob(blob).await?;
        }
        Ok(())
    }

    async fn put_manifest(&self, reference: &str, packed: &Packed) -> Result<(), Error> {
        let path = format!("/v2/{}/manifests/{reference}", self.name);
        let request = self.request(&Method::PUT, &path).header(header::CONTENT_TYPE, &packed.media_type);
        let answer = self.send(request.body(packed.manifest.clone())).await?;
        self.read(&Method::PUT, path, answer).await.map(|_| ())
    }

    /// Removes a manifest. One that is not there is no error.
    pub async fn delete(&self, reference: &str) -> Result<(), Error> {
        let path = format!("/v2/{}/manifests/{reference}", self.name);
        let answer = self.send(self.request(&Method::DELETE, &path)).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        self.read(&Method::DELETE, path, answer).await.map(|_| ())
    }

    /// A blob as a file that goes when it is closed; its digest is checked.
    pub(super) async fn blob_file(&self, digest: &str) -> Result<std::fs::File, Error> {
        let path = format!("/v2/{}/blobs/{digest}", self.name);
        let mut answer = self.send(self.request(&Method::GET, &path)).await?;
        if !answer.status().is_success() {
            return Err(refused(&Method::GET, path, answer).await);
        }
        let failed = |source| Error::File { path: std::env::temp_dir(), source };
        let mut file = tempfile::tempfile().map_err(failed)?;
        let mut hash = Sha256::new();
        while let Some(part) = answer.chunk().await.map_err(|source| self.unreachable(source))? {
            hash.update(&part);
            file.write_all(&part).map_err(failed)?;
        }
        let found = named(&hash.finalize());
        if found == digest {
            Ok(file)
        } else {
            Err(Error::Digest { path, expected: digest.to_owned(), found })
        }
    }

    async fn has_blob(&self, digest: &str) -> Result<bool, Error> {
        let path = format!("/v2/{}/blobs/{digest}", self.name);
        Ok(self.send(self.request(&Method::HEAD, &path)).await?.status().is_success())
    }

    async fn push_blob(&self, bytes: &[u8]) -> Result<(), Error> {
        let digest = digest(bytes);
        if self.has_blob(&digest).await? {
            return Ok(());
        }
        let path = format!("/v2/{}/blobs/uploads/", self.name);
        let answer = self.send(self.request(&Method::POST, &path)).await?;
        self.upload(path, answer, &digest, bytes.to_vec().into()).await
    }

    /// Has the registry give this repository what another one has; where it does not, the bytes go through here.
    async fn borrow_blob(&self, digest: &str, lender: &str) -> Result<(), Error> {
        if self.has_blob(digest).await? {
            return Ok(());
        }
        let path = format!("/v2/{}/blobs/uploads/?mount={digest}&from={lender}", self.name);
        let answer = self.send(self.request(&Method::POST, &path)).await?;
        if answer.status() == StatusCode::CREATED {
            return Ok(());
        }
        let other = format!("/v2/{lender}/blobs/{digest}");
        let content = self.send(self.request(&Method::GET, &other)).await?;
        if !content.status().is_success() {
            return Err(refused(&Method::GET, other, content).await);
        }
        self.upload(path, answer, digest, reqwest::Body::wrap_stream(content.bytes_stream())).await
    }

    /// Sends content to where the answer to `POST` says.
    async fn upload(
        &self,
        path: String,
        answer: Response,
        digest: &str,
        content: reqwest::Body,
    ) -> Result<(), Error> {
        if !answer.status().is_success() {
            return Err(refused(&Method::POST, path, answer).await);
        }
        let place = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let place = place.unwrap_or_default().to_owned();
        // The place may be a whole address under another name of the registry; its path is what counts.
        let place = match place.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
            None => place,
        };
        let mark = if place.contains('?') { '&' } else { '?' };
        let path = format!("{place}{mark}digest={digest}");
        let request =
            self.request(&Method::PUT, &path).header(header::CONTENT_TYPE, "application/octet-stream");
        let answer = self.send(request.body(content)).await?;
        self.read(&Method::PUT, path, answer).await.map(|_| ())
    }

    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if let Some(token) = self.token.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
            return request.bearer_auth(token);
        }
        self.named(request)
    }

    /// Adds name and password. Nobody's name is no name: a registry may let everybody in.
    fn named(&self, request: RequestBuilder) -> RequestBuilder {
        if self.user.is_empty() { request } else { request.basic_auth(&self.user, Some(&self.password)) }
    }

    /// Sends a request. One that is refused with a question for a token is sent once more, with the token that the
    /// registry gives: whoever has no name needs one, too, to read what everybody may read.
    /// <https://distribution.github.io/distribution/spec/auth/token/>
    async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let unreachable = |source| self.unreachable(source);
        let again = request.try_clone();
        let answer = request.send().await.map_err(unreachable)?;
        let asked = answer.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
        let asked = asked.filter(|_| answer.status() == StatusCode::UNAUTHORIZED).and_then(Challenge::parse);
        let (Some(challenge), Some(again)) = (asked, again) else { return Ok(answer) };
        let Some(token) = self.fetch_token(&challenge).await else { return Ok(answer) };
        let mut again = again.build().map_err(unreachable)?;
        if let Ok(value) = header::HeaderValue::from_str(&format!("Bearer {token}")) {
            again.headers_mut().insert(header::AUTHORIZATION, value);
        }
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
        self.http.execute(again).await.map_err(unreachable)
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { url: self.url.clone(), source }
    }

    async fn fetch_token(&self, challenge: &Challenge) -> Option<String> {
        let request = self.http.get(&challenge.realm).query(&challenge.parameters);
        let answer = self.named(request).send().await.ok().filter(|answer| answer.status().is_success())?;
        let answer = answer.json::<Value>().await.ok()?;
        answer["token"].as_str().or_else(|| answer["access_token"].as_str()).map(str::to_owned)
    }

    async fn read(&self, method: &Method, path: String, mut answer: Response) -> Result<Vec<u8>, Error> {
        if !answer.status().is_success() {
            return Err(refused(method, path, answer).await);
        }
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|source| self.unreachable(source))? {
            if bytes.len() + part.len() > ANSWER_LIMIT {
                return Err(Error::TooLarge { limit: ANSWER_LIMIT as u64, what: "bytes" });
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}

/// What a registry asks of somebody without a token.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    /// Where tokens are.
    realm: String,
    /// What to say there: for which service, and for what.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads `Bearer realm="…",service="…",scope="…"`.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, mut rest) = text.split_once(' ')?;
        let (mut realm, mut parameters) = (None, Vec::new());
        while let Some((name, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"')?;
            match name.trim_matches([',', ' ']) {
                "realm" => realm = Some(value.to_owned()),
                name => parameters.push((name.to_owned(), value.to_owned())),
            }
            rest = after;
        }
        let realm = realm.filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
        Some(Self { realm, parameters })
    }
}

async fn refused(method: &Method, path: String, answer: Response) -> Error {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    let said = |field: &str| body["errors"][0][field].as_str().filter(|text| !text.is_empty());
    let message = said("message").or_else(|| said("code")).unwrap_or("no reason given").to_owned();
    Error::Refused { method: method.to_string(), path, status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_for_tokens_are_understood() {
        let parsed =
            Challenge::parse(r#"Bearer realm="http://forge/v2/token",service="registry", scope="*""#);
        let parameters = [("service", "registry"), ("scope", "*")];
        let expected = Challenge {
            realm: "http://forge/v2/token".to_owned(),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        };
        assert_eq!(parsed, Some(expected));
        assert_eq!(Challenge::parse(r#"Basic realm="forge""#), None);
        assert_eq!(Challenge::parse("Bearer"), None);
    }
}
