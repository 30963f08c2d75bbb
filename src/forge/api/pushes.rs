//! `GET /api/v1/atelier/pushes`: an endless stream of the pushes that the caller may see, one JSON object per line.
//! An extension of ours, so that whoever waits for a push need not ask again and again.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use tokio::sync::broadcast::error::RecvError;

use super::super::access::Caller;
use super::super::server::{Push, Shared};
use super::ApiError;
use super::call::Call;

/// An empty line is sent after that long, so that both sides know of a broken connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(crate) async fn stream(call: Call) -> Result<(HeaderMap, Body), ApiError> {
    call.user()?;
    let mut pushes = call.shared.pushes.subscribe();
    let stream = async_stream::stream! {
        yield Ok::<_, Infallible>(Bytes::from_static(b"{}\n"));
        loop {
            match tokio::time::timeout(SIGN_OF_LIFE, pushes.recv()).await {
                Ok(Ok(push)) if is_visible(&call.shared, &call.caller, &push) => yield Ok(line(&push)),
                Ok(Ok(_)) => {}
                // Whoever missed some must look for itself: the stream ends, and the client begins anew.
                Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => break,
                Err(_) => yield Ok(Bytes::from_static(b"\n")),
            }
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    Ok((headers, Body::from_stream(stream)))
}

fn is_visible(shared: &Shared, caller: &Caller, push: &Push) -> bool {
    let found =
        push.repository.split_once('/').and_then(|(owner, name)| shared.repositories.get(owner, name));
    found.is_some_and(|repository| caller.permission(shared, &repository.metadata()).is_some())
}

fn line(push: &Push) -> Bytes {
    let mut text = serde_json::to_vec(push).expect("a push is plain text");
    text.push(b'\n');
    text.into()
}
