//! Calls to the nodes' kubelets, which are found by the addresses that they publish.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::apiserver::respond;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;

/// A kubelet's refusal is no longer.
const MAX_REFUSAL: usize = 64 * 1024;

/// The way to all kubelets.
pub(crate) struct Kubelets {
    client: Client<HttpConnector, Body>,
    token: String,
}

impl Kubelets {
    /// `token` is what kubelets expect as bearer token.
    pub(crate) fn new(token: String) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), token }
    }

    /// Sends a request to the kubelet of a node; `path` begins with a slash and may have a query.
    pub(crate) async fn call(
        &self,
        server: &Server,
        node: &str,
        method: Method,
        path: &str,
        headers: &http::HeaderMap,
        body: Body,
    ) -> Result<Response, Status> {
        let mut relayed = http::HeaderMap::new();
        for name in [header::ACCEPT, header::CONTENT_TYPE, header::USER_AGENT] {
            if let Some(value) = headers.get(&name) {
                relayed.insert(name, value.clone());
            }
        }
        Ok(self.send(server, node, method, path, relayed, body).await?.map(Body::new).into_response())
    }

    /// Sends a request with just these headers; the answer may be a connection to go on with.
    pub(super) async fn send(
        &self,
        server: &Server,
        node: &str,
        method: Method,
        path: &str,
        headers: http::HeaderMap,
        body: Body,
    ) -> Result<http::Response<Incoming>, Status> {
        let authority = address(server, node)?;
        let mut request = Request::builder().method(method).uri(format!("http://{authority}{path}"));
        if let Some(own) = request.headers_mut() {
            *own = headers;
        }
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.body(body).map_err(|error| Status::bad_request(error.to_string()))?;
        self.client.request(request).await.map_err(|error| {
            tracing::debug!(node, %error, "the kubelet does not answer");
            Status::internal(format!("error dialing backend: the kubelet of node \"{node}\" does not answer"))
        })
    }
}

/// The address that a kubelet publishes in its node's status.
fn address(server: &Server, node: &str) -> Result<String, Status> {
    let missing = || {
        Status::internal(format!("error dialing backend: no preferred addresses found for node \"{node}\""))
    };
    let stored = server.store.get(&Key::new("nodes", "", node)).ok_or_else(missing)?;
    let node = respond::parse(&stored.json)?;
    let port = node.pointer("/status/daemonEndpoints/kubeletEndpoint/Port").and_then(Value::as_u64);
    let addresses = node.pointer("/status/addresses").and_then(Value::as_array).into_iter().flatten();
    let mut addresses = addresses.filter(|address| address["type"] == "InternalIP");
    let address = addresses.find_map(|address| address["address"].as_str());
    match (address, port) {
        (Some(address), Some(port)) => Ok(format!("{address}:{port}")),
        _ => Err(missing()),
    }
}

/// A kubelet's refusal as ours.
pub(super) async fn refusal(answer: Response) -> Status {
    let code = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_REFUSAL).collect().await;
    let text = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).trim().to_owned());
    Status::relayed(code, text.unwrap_or_default())
}
