//! Requests that become connections: what a client and a kubelet say to each other goes through as it is, or out of
//! and into a websocket's messages.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::kubelet::refusal;
use super::tunnel;
use crate::apiserver::respond;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;

const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");
/// What else a handshake is made of, one way or the other.
const HANDSHAKE: [HeaderName; 6] = [
    UPGRADE,
    STREAM_PROTOCOL,
    SEC_WEBSOCKET_KEY,
    http::header::SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_ACCEPT,
];
/// A websocket whose messages are pieces of a connection that speaks SPDY.
const TUNNEL: &str = "SPDY/3.1+";

/// The pod that is meant, and its node's name.
pub(super) fn pod_on_node(call: &Call) -> Result<(Value, String), Status> {
    let stored = call.server.store.get(&call.target.key());
    let stored = stored.ok_or_else(|| Status::not_found(call.target.named()))?;
    let pod = respond::parse(&stored.json)?;
    let node = pod.pointer("/spec/nodeName").and_then(Value::as_str).filter(|node| !node.is_empty());
    let name = call.target.name.as_deref().unwrap_or_default();
    let missing = || Status::bad_request(format!("pod {name} does not have a host assigned"));
    let node = node.ok_or_else(missing)?.to_owned();
    Ok((pod, node))
}

/// Sends the request to the kubelet of a node, with its query, and connects the two when both agree.
pub(super) async fn relay(mut call: Call, node: &str, path: &str) -> Result<Response, Status> {
    let uri = call.request.uri().clone();
    let path = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let asked = call.request.headers();
    let wanted = asked.get(UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if wanted.is_empty() {
        return Err(Status::bad_request("Upgrade request required"));
    }
    let tunnel = if wanted.eq_ignore_ascii_case("websocket") { tunnelled(asked)? } else { None };
    let mut headers = HeaderMap::from_iter([(CONNECTION, HeaderValue::from_static("Upgrade"))]);
    let mut method = call.request.method().clone();
    if let Some(tunnel) = &tunnel {
        method = Method::POST;
        headers.insert(UPGRADE, HeaderValue::from_static("SPDY/3.1"));
        headers.insert(STREAM_PROTOCOL, tunnel.inner.clone());
    } else {
        copy_handshake(asked, &mut headers);
    }
    let kubelets = &call.server.kubelets;
    let answer = kubelets.send(&call.server, node, method, &path, headers, Body::empty()).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(answer.map(Body::new).into_response()).await);
    }
    let mut headers = HeaderMap::from_iter([(CONNECTION, HeaderValue::from_static("Upgrade"))]);
    match &tunnel {
        Some(tunnel) => headers.extend(tunnel.answer.clone()),
        None => copy_handshake(answer.headers(), &mut headers),
    }
    let (client, kubelet) = (hyper::upgrade::on(&mut call.request), hyper::upgrade::on(answer));
    let is_tunnel = tunnel.is_some();
    tokio::spawn(async move {
        let (client, mut kubelet) = match tokio::try_join!(client, kubelet) {
            Ok((client, kubelet)) => (TokioIo::new(client), TokioIo::new(kubelet)),
            Err(error) => return tracing::debug!(%error, "a connection was not upgraded"),
        };
        if is_tunnel {
            return tunnel::connect(client, kubelet).await;
        }
        let mut client = client;
        if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut kubelet).await {
            tracing::debug!(%error, "an upgraded connection ended");
        }
    });
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

fn copy_handshake(from: &HeaderMap, to: &mut HeaderMap) {
    for name in HANDSHAKE {
        for value in from.get_all(&name) {
            to.append(name.clone(), value.clone());
        }
    }
}

/// What is spoken inside of a websocket, and the answer that opens it.
struct Tunnel {
    inner: HeaderValue,
    answer: HeaderMap,
}

/// The tunnel that a websocket's client asks for, if it is one.
fn tunnelled(asked: &HeaderMap) -> Result<Option<Tunnel>, Status> {
    let offered = asked.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let mut offered = offered.flat_map(|value| value.split(',')).map(str::trim);
    let Some(protocol) = offered.find(|protocol| protocol.starts_with(TUNNEL)) else { return Ok(None) };
    let bad = || Status::bad_request("the websocket's handshake is not complete");
    let key = asked.get(SEC_WEBSOCKET_KEY).ok_or_else(bad)?;
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| bad());
    let answer = HeaderMap::from_iter([
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, value(&derive_accept_key(key.as_bytes()))?),
        (SEC_WEBSOCKET_PROTOCOL, value(protocol)?),
    ]);
    Ok(Some(Tunnel { inner: value(&protocol[TUNNEL.len()..])?, answer }))
}
