//! A registry on a port of its own with the users `dev1` and `dev2`.

use std::sync::Arc;

use atelier::accounts::{NewUser, Users};
use atelier::forge::{self, Forge};
use atelier::registry::{Config, Registry};
use reqwest::Method;
use reqwest::header::HeaderMap;
use sha2::{Digest as _, Sha256};

pub(crate) const PASSWORD: &str = "Lab-pass-12";
pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) users: Arc<Users>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

pub(crate) fn digest(content: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(content))
}

impl World {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = Arc::new(Users::open(&folder.path().join("users.json")).unwrap());
        for login in ["dev1", "dev2"] {
            let (login, password) = (login.to_owned(), Some(PASSWORD.to_owned()));
            users.create(NewUser { login, password, ..NewUser::default() }).unwrap();
        }
        Self::serve(folder, users).await
    }

    async fn serve(folder: tempfile::TempDir, users: Arc<Users>) -> Self {
        let data = folder.path().join("registry");
        let name = "forge.atelier.internal:3000".to_owned();
        let registry =
            Registry::open(Config { data, users: users.clone(), name: name.clone() }).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // The two share a port: no route of one is in the way of the other's.
        let data = folder.path().join("forge");
        let forge = Forge::open(forge::Config { data, users: users.clone(), name }).await.unwrap();
        forge.show_packages(Arc::new(registry.clone()));
        let router = forge.router().merge(registry.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, users, url, http }
    }

    /// Where the registry keeps its content.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("registry")
    }

    pub(crate) async fn reopen(self) -> Self {
        Self::serve(self.folder, self.users).await
    }

    pub(crate) fn request(&self, user: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if user.is_empty() { request } else { request.basic_auth(user, Some(PASSWORD)) }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn call(&self, user: &str, method: Method, path: &str) -> Answer {
        self.send(self.request(user, method, path)).await
    }

    /// Pushes a blob in one request.
    pub(crate) async fn push_blob(&self, name: &str, content: &[u8]) -> String {
        let digest = digest(content);
        let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let answer = self.send(self.request("dev1", Method::POST, &path).body(content.to_vec())).await;
        assert_eq!(
            (answer.status, answer.header("docker-content-digest")),
            (201, digest.as_str()),
            "{}",
            answer.text()
        );
        digest
    }

    pub(crate) async fn push_manifest(&self, name: &str, reference: &str, manifest: &str) -> Answer {
        let request = self.request("dev1", Method::PUT, &format!("/v2/{name}/manifests/{reference}"));
        self.send(request.header("content-type", MANIFEST).body(manifest.to_owned())).await
    }

    /// Pushes an image of one layer.
    pub(crate) async fn push_image(&self, name: &str, tag: &str) -> String {
        let config = self.push_blob(name, b"{}").await;
        let layer = self.push_blob(name, b"layer").await;
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"digest":"{config}","size":2}},"layers":[{{"digest":"{layer}","size":5}}]}}"#
        );
        let answer = self.push_manifest(name, tag, &manifest).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        digest(manifest.as_bytes())
    }
}
