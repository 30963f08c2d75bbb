//! `/containerLogs/{namespace}/{pod}/{container}`: a container's log, as a real kubelet serves it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::super::container::Wanted;
use super::super::pod::Boards;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    previous: bool,
    #[serde(default)]
    timestamps: bool,
    tail_lines: Option<usize>,
    since_seconds: Option<i64>,
    since_time: Option<Timestamp>,
    limit_bytes: Option<usize>,
}

pub(super) async fn get(
    State(boards): State<Boards>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(options): Query<Options>,
) -> Response {
    let Some(board) = boards.get(&namespace, &pod) else {
        return (StatusCode::NOT_FOUND, format!("pod {namespace}/{pod} is not on this node\n"))
            .into_response();
    };
    if !board.has(&container) {
        let text = format!(r#"container "{container}" not found in pod "{pod}_{namespace}""#);
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    let Some(logs) = board.logs(&container, options.previous) else {
        let text = if options.previous {
            format!(r#"previous terminated container "{container}" in pod "{pod}" not found"#)
        } else {
            let record = board.record(&container);
            if record.ended().is_some() {
                // It ended under an earlier run of the nodes, which kept no logs.
                return ([(CONTENT_TYPE, "text/plain")], "").into_response();
            }
            format!(r#"container "{container}" in pod "{pod}" is waiting to start: {}"#, record.awaited())
        };
        return (StatusCode::BAD_REQUEST, text).into_response();
    };
    let ago = options.since_seconds.map(SignedDuration::from_secs);
    let since = ago.and_then(|ago| Timestamp::now().checked_sub(ago).ok()).or(options.since_time);
    let wanted = Wanted { tail: options.tail_lines, since, timestamps: options.timestamps };
    // Who follows is told of new lines from before the first read on, so that none falls between.
    let mut more = logs.watch();
    more.mark_unchanged();
    let mut over = logs.is_over();
    let (text, mut next) = logs.read(0, wanted);
    let plain = [(CONTENT_TYPE, "text/plain")];
    if !options.follow {
        let mut bytes = Bytes::from(text);
        bytes.truncate(options.limit_bytes.unwrap_or(usize::MAX));
        return (plain, bytes).into_response();
    }
    let mut room = options.limit_bytes.unwrap_or(usize::MAX);
    let mut cut = move |text: String| {
        let mut bytes = Bytes::from(text);
        bytes.truncate(room);
        room -= bytes.len();
        (bytes, room == 0)
    };
    let rest = Wanted { tail: None, ..wanted };
    let followed = Arc::downgrade(&logs);
    drop(logs);
    let body = async_stream::stream! {
        let (bytes, mut full) = cut(text);
        yield Ok::<_, std::convert::Infallible>(bytes);
        while !over && !full && more.changed().await.is_ok() {
            let Some(logs) = followed.upgrade() else { break };
            over = logs.is_over();
            let (text, end) = logs.read(next, rest);
            next = end;
            let (bytes, now_full) = cut(text);
            full = now_full;
            yield Ok(bytes);
        }
    };
    (plain, Body::from_stream(body)).into_response()
}
