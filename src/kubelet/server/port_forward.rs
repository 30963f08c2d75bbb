//! `/portForward/{namespace}/{pod}`: connections to the programs in a Pod, many on one connection that is upgraded
//! to SPDY, or to a websocket with one channel per port.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONNECTION, UPGRADE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::pod::{Board, Boards};
use super::spdy::{self, Opened};
use super::stream::{Outgoing, Stream, WAITING};
use super::websocket;

/// The name that both sides give to what they say on the streams.
const PROTOCOL: &str = "portforward.k8s.io";
const PROTOCOL_HEADER: &str = "x-stream-protocol-version";
/// How much is on its way to a program, and from it.
const BUFFER: usize = 64 * 1024;

/// What a connection leads to.
#[derive(Clone)]
pub(super) struct Target {
    board: Arc<Board>,
    pod: String,
}

pub(super) async fn any(
    State(boards): State<Boards>,
    Path((namespace, pod)): Path<(String, String)>,
    mut request: Request,
) -> Response {
    let Some(board) = boards.get(&namespace, &pod) else {
        let text = format!("pod {namespace}/{pod} is not on this node\n");
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let target = Target { board, pod };
    let wanted = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if wanted.eq_ignore_ascii_case("websocket") {
        return websocket::accept(request, target);
    }
    let speaks = request.headers().get_all(PROTOCOL_HEADER).iter().any(|value| value == PROTOCOL);
    if !wanted.eq_ignore_ascii_case("SPDY/3.1") || !speaks {
        return (StatusCode::BAD_REQUEST, "an upgrade to SPDY/3.1 or a websocket is needed\n")
            .into_response();
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let served = match upgrade.await {
            Ok(io) => serve(TokioIo::new(io), target).await,
            Err(error) => Err(std::io::Error::other(error)),
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a port-forward ended");
        }
    });
    let headers = [
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("SPDY/3.1")),
        (PROTOCOL_HEADER.parse().expect("it is a header's name"), HeaderValue::from_static(PROTOCOL)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

async fn serve(io: TokioIo<hyper::upgrade::Upgraded>, target: Target) -> std::io::Result<()> {
    let (sender, opened) = mpsc::channel(1);
    // The connection's end drops its sender, which ends the pairing, and with it the connections to programs.
    let (served, ()) = tokio::join!(spdy::serve(io, sender), pair(opened, target));
    served
}

/// Each connection has two streams with the same request's id: one for its content, one for what went wrong.
async fn pair(mut opened: mpsc::Receiver<Opened>, target: Target) {
    let mut halves = HashMap::<String, Opened>::new();
    let mut connections = JoinSet::new();
    while let Some(new) = opened.recv().await {
        while connections.try_join_next().is_some() {}
        let is_error = new.headers.get("streamtype").is_some_and(|kind| kind == "error");
        // Old clients give no id: they open the stream for errors first, and that for data next.
        let given = new.headers.get("requestid").cloned();
        let id = given.unwrap_or_else(|| if is_error { new.id } else { new.id.wrapping_sub(2) }.to_string());
        let Some(other) = halves.remove(&id) else {
            halves.insert(id, new);
            continue;
        };
        let (error, data) = if is_error { (new, other) } else { (other, new) };
        let port = data.headers.get("port").and_then(|port| port.parse().ok()).unwrap_or_default();
        let target = target.clone();
        connections.spawn(async move { forward(&target, port, data.stream, error.stream).await });
    }
}

/// One connection to a program, from its begin to its end.
pub(super) async fn forward(target: &Target, port: u16, data: Stream, error: Stream) {
    let program = target.board.listener(i32::from(port));
    let Some(program) = program else {
        let text = format!("dial tcp4 127.0.0.1:{port}: connect: connection refused");
        return refuse(target, port, &text, data, error).await;
    };
    let (near, far) = tokio::io::duplex(BUFFER);
    let Some(program) = program.serve(near) else {
        let text = format!("what listens on port {port} is a program whose answers are not simulated");
        return refuse(target, port, &text, data, error).await;
    };
    let (mut from, mut to) = tokio::io::split(far);
    let Stream { mut incoming, outgoing } = data;
    let inward = async {
        while let Some(bytes) = incoming.recv().await {
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        // The program may have ended before.
        let _ = to.shutdown().await;
        std::future::pending::<()>().await;
    };
    let outward = async {
        let mut buffer = vec![0; BUFFER / 2];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if !outgoing.send(&buffer[..length]).await {
                break;
            }
        }
    };
    tokio::select! {
        ((), ()) = async { tokio::join!(program, outward) } => {}
        () = inward => {}
    }
    outgoing.finish().await;
    error.outgoing.finish().await;
}

async fn refuse(target: &Target, port: u16, why: &str, data: Stream, error: Stream) {
    let text = format!(
        "error forwarding port {port} to pod {}, uid : failed to connect to localhost:{port} inside the pod: {why}",
        target.pod
    );
    error.outgoing.send(text.as_bytes()).await;
    error.outgoing.finish().await;
    data.outgoing.finish().await;
}

/// How many ports a websocket may have: two channels each, whose number is a byte.
pub(super) const MOST_PORTS: usize = 64;

/// A port, with the streams for its content and for what went wrong.
pub(super) type Pair = (u16, Stream, Stream);

/// The streams of a websocket's channels, and where what comes on them goes.
pub(super) fn channels(
    ports: &[u16],
    messages: &mpsc::Sender<Bytes>,
) -> (Vec<Pair>, Vec<mpsc::Sender<Bytes>>) {
    let mut senders = Vec::new();
    let mut stream = |number: usize| {
        let (sender, incoming) = mpsc::channel(WAITING);
        senders.push(sender);
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        Stream { incoming, outgoing: Outgoing::channel(number, messages.clone()) }
    };
    let pairs = ports.iter().take(MOST_PORTS).enumerate();
    let pairs = pairs.map(|(index, port)| (*port, stream(2 * index), stream(2 * index + 1))).collect();
    (pairs, senders)
}
