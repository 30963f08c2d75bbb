//! The route table, and who may ask.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use axum::serve::ListenerExt as _;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use super::super::pod::Boards;
use super::{container_logs, exec, pod_proxy, port_forward};

/// Serves for as long as it is polled.
pub(in super::super) async fn serve(
    listener: TcpListener,
    boards: Boards,
    token: String,
) -> std::io::Result<()> {
    let at_once = listener.tap_io(|stream| {
        // What is written leaves at once: answers come in small pieces.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(at_once, router(boards, &token)).await
}

fn router(boards: Boards, token: &str) -> Router {
    // Digests are compared, so that the time it takes tells nothing about the token.
    let expected = Sha256::digest(format!("Bearer {token}"));
    Router::new()
        .route("/containerLogs/{namespace}/{pod}/{container}", get(container_logs::get))
        .route("/exec/{namespace}/{pod}/{container}", any(exec::exec))
        .route("/attach/{namespace}/{pod}/{container}", any(exec::attach))
        .route("/portForward/{namespace}/{pod}", any(port_forward::any))
        .route("/podProxy/{namespace}/{pod}/{port}", any(pod_proxy::root))
        .route("/podProxy/{namespace}/{pod}/{port}/", any(pod_proxy::root))
        .route("/podProxy/{namespace}/{pod}/{port}/{*path}", any(pod_proxy::any))
        .layer(from_fn_with_state(expected.to_vec(), authenticate))
        .route("/healthz", get(async || "ok"))
        .with_state(boards)
}

async fn authenticate(State(expected): State<Vec<u8>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(AUTHORIZATION).map(|value| Sha256::digest(value.as_bytes()).to_vec());
    if given == Some(expected) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, "Unauthorized\n").into_response()
    }
}
