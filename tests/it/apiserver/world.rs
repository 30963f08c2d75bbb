//! An API server of a test's own, and HTTP to it without a socket.

use std::path::Path;

use atelier::accounts::Identity;
use atelier::apiserver::{ApiServer, Config};
use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The token that the kubelets of these tests expect.
pub(crate) const KUBELET_TOKEN: &str = "kubelet-token";

/// An open server over a folder of its own.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) server: ApiServer,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    /// The answer's body, if it is a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.code.is_success(), "{}: {}", self.code, self.text);
        self.body
    }

    /// Code, reason and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        assert_eq!(self.body["kind"], "Status", "{}", self.text);
        let text = |field: &str| self.body[field].as_str().unwrap_or_default();
        (self.code.as_u16(), text("reason"), text("message"))
    }
}

/// Opens a server over a folder.
pub(crate) async fn open(folder: &Path) -> ApiServer {
    let config = Config {
        data: folder.to_owned(),
        kubelet_token: KUBELET_TOKEN.to_owned(),
        ca_certificate: "-----BEGIN CERTIFICATE-----\n".to_owned(),
        audit: None,
    };
    ApiServer::open(config).await.unwrap()
}

impl World {
    /// A new, empty cluster.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = open(folder.path()).await;
        Self { folder, server }
    }

    /// Sends any request as the administrator.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_as(Some(&Identity::administrator()), request).await
    }

    /// Sends any request as somebody, or nobody.
    pub(crate) async fn send_as(&self, identity: Option<&Identity>, mut request: Request<Body>) -> Answer {
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity.clone());
        }
        let answer = self.server.router().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { code: parts.status, headers: parts.headers, body, text }
    }

    async fn request(&self, method: Method, path: &str, media_type: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", media_type);
        let request = request.header("user-agent", "test/1");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, "application/json", &Value::Null).await
    }

    pub(crate) async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path, "application/json", body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path, "application/json", body).await
    }

    pub(crate) async fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        let media_type = match kind {
            "apply" => "application/apply-patch+yaml".to_owned(),
            kind => format!("application/{kind}-patch+json"),
        };
        self.request(Method::PATCH, path, &media_type, body).await
    }

    pub(crate) async fn delete(&self, path: &str, options: &Value) -> Answer {
        self.request(Method::DELETE, path, "application/json", options).await
    }

    /// Starts a watch.
    pub(crate) async fn watch(&self, path: &str) -> Watch {
        self.watch_as(path, "application/json").await
    }

    pub(crate) async fn watch_as(&self, path: &str, accept: &str) -> Watch {
        let mut request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Identity::administrator());
        let answer = self.server.router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        Watch { stream: answer.into_body().into_data_stream(), rest: Vec::new() }
    }

    /// A namespace for the test's objects.
    pub(crate) async fn namespace(&self, name: &str) {
        self.post("/api/v1/namespaces", &json!({"metadata": {"name": name}})).await.ok();
    }

    /// A config map in `default`.
    pub(crate) async fn config_map(&self, name: &str, more: &Value) -> Value {
        let mut object = json!({"metadata": {"name": name}, "data": {"a": "1"}});
        for (key, value) in more.as_object().into_iter().flatten() {
            object["metadata"][key] = value.clone();
        }
        self.post(CONFIG_MAPS, &object).await.ok()
    }
}

/// Where config maps of `default` are.
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The events of a watch.
pub(crate) struct Watch {
    stream: BodyDataStream,
    rest: Vec<u8>,
}

impl Watch {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.rest.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            self.rest.extend_from_slice(&self.stream.next().await?.unwrap());
        }
    }

    /// Type, name and one datum of the next event.
    pub(crate) async fn brief(&mut self) -> String {
        let event = self.next().await.unwrap();
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        format!("{} {name}", event["type"].as_str().unwrap())
    }

    /// Waits for an event of a type about an object.
    pub(crate) async fn until(&mut self, kind: &str, name: &str) -> Value {
        loop {
            let event = self.next().await.unwrap();
            if event["type"] == kind && event["object"]["metadata"]["name"] == name {
                return event["object"].clone();
            }
        }
    }
}
