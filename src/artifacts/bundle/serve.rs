//! Giving a bundle to a room: one file over HTTP, read only, to who knows the token. Parts of it by `Range`, so that
//! who lost the connection goes on. <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests>

use std::io::SeekFrom;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;

use super::Error;

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// What is given, and to whom.
pub struct Served {
    /// The file.
    pub file: PathBuf,
    /// What the path or the header `Authorization: Bearer` must say.
    pub token: String,
    /// Is told who asks for which bytes, from the first and to before the last.
    pub tell: Box<dyn Fn(SocketAddr, u64, u64) + Send + Sync>,
}

/// Gives the file to who asks at `listener`, until the future is dropped.
pub async fn serve(listener: TcpListener, served: Served) -> Result<(), Error> {
    let path = served.file.clone();
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.map_err(Error::file("read", &path))
}

async fn answer(
    State(served): State<Arc<Served>>,
    ConnectInfo(who): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if !knows(&served.token, request.uri().path(), request.headers()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let head = match *request.method() {
        Method::HEAD => true,
        Method::GET => false,
        _ => return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response(),
    };
    let asked =
        request.headers().get(header::RANGE).map(|range| range.to_str().unwrap_or_default().to_owned());
    match give(&served, who, asked.as_deref(), head).await {
        Ok(response) => response,
        // A stick that was pulled out: the next one who asks may find it again.
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn give(
    served: &Served,
    who: SocketAddr,
    asked: Option<&str>,
    head: bool,
) -> Result<Response, std::io::Error> {
    let mut file = File::open(&served.file).await?;
    let size = file.metadata().await?.len();
    let (status, begin, end) = match asked.map(|text| range(text, size)) {
        None => (StatusCode::OK, 0, size),
        Some(Some((begin, end))) => (StatusCode::PARTIAL_CONTENT, begin, end),
        Some(None) => {
            let text = format!("bytes */{size}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, text)]).into_response());
        }
    };
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/zstd")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_LENGTH, end - begin);
    if status == StatusCode::PARTIAL_CONTENT {
        answer = answer.header(header::CONTENT_RANGE, format!("bytes {begin}-{}/{size}", end - 1));
    }
    if head {
        return Ok(answer.body(Body::empty()).unwrap_or_default());
    }
    (served.tell)(who, begin, end);
    file.seek(SeekFrom::Start(begin)).await?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(end - begin), CHUNK));
    Ok(answer.body(body).unwrap_or_default())
}

/// The part of `size` bytes that a `Range` of one part asks for: its first byte, and the one behind its last.
fn range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse::<u64>().ok()?;
    let end = if last.is_empty() { size } else { last.parse::<u64>().ok()?.saturating_add(1).min(size) };
    (first < end).then_some((first, end))
}

/// Digests are compared, which tell nothing by the time that it takes.
fn knows(token: &str, path: &str, headers: &HeaderMap) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    let bearer =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let expected = digest(token);
    [Some(path.trim_matches('/')), bearer].into_iter().flatten().any(|given| digest(given) == expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_asked_for_by_their_bytes() {
        assert_eq!(range("bytes=0-9", 100), Some((0, 10)));
        assert_eq!(range("bytes=90-", 100), Some((90, 100)));
        assert_eq!(range("bytes=90-200", 100), Some((90, 100)));
        for none in ["bytes=100-", "bytes=9-8", "lines=1-2", "bytes=-5", "bytes=1-2,4-5"] {
            assert_eq!(range(none, 100), None, "{none}");
        }
    }
}
