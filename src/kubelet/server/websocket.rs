//! The websocket that `/portForward` is upgraded to for clients without SPDY: two channels per port, numbered by the
//! first byte of each message, and the port's number as the first message of each.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::port_forward::{MOST_PORTS, Target, channels, forward};
use super::stream::WAITING;

const PROTOCOL: &str = "v4.channel.k8s.io";
const LONGEST_MESSAGE: usize = 1 << 20;

/// Accepts the upgrade.
pub(super) fn accept(mut request: Request, target: Target) -> Response {
    let ports = ports(request.uri());
    if ports.is_empty() || ports.len() > MOST_PORTS {
        return (StatusCode::BAD_REQUEST, "query parameter \"ports\" is required\n").into_response();
    }
    let key = request.headers().get(SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (Some(key), true) = (key, offers(request.headers())) else {
        return (StatusCode::BAD_REQUEST, "no subprotocol that is spoken here\n").into_response();
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(io) => serve(TokioIo::new(io), ports, target).await,
            Err(error) => tracing::debug!(%error, "a websocket was not opened"),
        }
    });
    let headers = [
        (CONNECTION, "Upgrade"),
        (UPGRADE, "websocket"),
        (SEC_WEBSOCKET_ACCEPT, &key),
        (SEC_WEBSOCKET_PROTOCOL, PROTOCOL),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

fn offers(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == PROTOCOL)
}

fn ports(uri: &Uri) -> Vec<u16> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let values = pairs.filter(|(name, _)| *name == "ports").map(|(_, value)| value.replace("%2C", ","));
    values.flat_map(|value| value.split(',').map(str::parse).collect::<Vec<_>>()).flatten().collect()
}

async fn serve(io: TokioIo<hyper::upgrade::Upgraded>, ports: Vec<u16>, target: Target) {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE));
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
    let (mut to, mut from) = socket.split();
    let (messages, mut outgoing) = mpsc::channel::<Bytes>(WAITING);
    let (pairs, senders) = channels(&ports, &messages);
    drop(messages);
    let connections = async move {
        let target = &target;
        let connections = pairs.into_iter().map(|(port, data, error)| async move {
            for stream in [&data, &error] {
                stream.outgoing.send(&port.to_le_bytes()).await;
            }
            forward(target, port, data, error).await;
        });
        futures::future::join_all(connections).await;
    };
    let receive = async move {
        while let Some(Ok(message)) = from.next().await {
            let Message::Binary(bytes) = message else { continue };
            let Some((number, _)) = bytes.split_first() else { continue };
            if let Some(sender) = senders.get(usize::from(*number)) {
                // Who does not listen any more misses nothing.
                let _ = sender.send(bytes.slice(1..)).await;
            }
        }
    };
    let send = async move {
        while let Some(message) = outgoing.recv().await {
            if to.send(Message::Binary(message)).await.is_err() {
                return;
            }
        }
        // The client may be gone by now.
        let _ = to.close().await;
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(connections, send) } => {}
        () = receive => {}
    }
}
