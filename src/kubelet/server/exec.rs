//! `/exec/{namespace}/{pod}/{container}` and `/attach/…`: nothing runs in a simulated container, so nothing can be
//! run in it, and the answer says so.

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::super::pod::Boards;

pub(super) async fn exec(
    State(boards): State<Boards>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    uri: Uri,
) -> Response {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let mut command = pairs.filter(|(name, _)| *name == "command").map(|(_, value)| value);
    let program = percent_encoding::percent_decode_str(command.next().unwrap_or_default());
    let what = format!(
        "error executing command in container: failed to exec in container: exec: {:?}",
        program.decode_utf8_lossy().replace('+', " ")
    );
    refuse(&boards, &namespace, &pod, &container, &what)
}

pub(super) async fn attach(
    State(boards): State<Boards>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
) -> Response {
    refuse(&boards, &namespace, &pod, &container, "error attaching to container: failed to attach")
}

fn refuse(boards: &Boards, namespace: &str, pod: &str, container: &str, what: &str) -> Response {
    if !boards.get(namespace, pod).is_some_and(|board| board.has(container)) {
        let text = format!("container not found ({container:?})");
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    let text = format!(
        "{what}: container {container:?} of pod {pod:?} is simulated, and no programs run in it (atelier's embedded platform)"
    );
    (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}
