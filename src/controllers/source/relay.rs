//! Servers that are reached by TLS, at an address on this machine without: the git library and the clients of
//! repositories here speak plain HTTP, and this is the one place that knows whom to trust. A relay is there for one
//! fetch, and for one server.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::Tls;

/// So many times a server may say that something is elsewhere.
const MOVES: usize = 10;
/// What begins the paths of another server, which gives the tokens that this one asks for.
const ELSEWHERE: &str = "/.elsewhere/";

/// A way to one server; it ends when this is dropped.
pub(in crate::controllers) struct Relay {
    url: String,
    upstream: Arc<Upstream>,
    task: AbortHandle,
}

struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    /// `https://<host>[:<port>]`
    origin: String,
    /// What this relay is reached by.
    url: String,
    /// Where a repository is instead, if the server has said so: what its paths began with, and what they begin with.
    moved: Mutex<Option<(String, String)>>,
    trouble: Mutex<Option<String>>,
}

impl Relay {
    /// A way to where `url` is, if that needs one: `https`. The error says what is wrong with the certificates.
    pub(in crate::controllers) async fn to(url: &str, tls: &Tls) -> Result<Option<Self>, String> {
        let Some(rest) = url.strip_prefix("https://") else { return Ok(None) };
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let config = tls.config()?;
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(config).https_only().enable_http1().build();
        let opened = async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            Ok::<_, std::io::Error>((listener.local_addr()?, listener))
        };
        let (address, listener) = opened.await.map_err(|error| error.to_string())?;
        let url = format!("http://{address}");
        let upstream = Arc::new(Upstream {
            client: Client::builder(TokioExecutor::new()).build(connector),
            origin: format!("https://{host}"),
            url: url.clone(),
            moved: Mutex::default(),
            trouble: Mutex::default(),
        });
        let router = Router::new().fallback(relay).with_state(Arc::clone(&upstream));
        let served = async move { axum::serve(listener.tap_io(at_once), router).await };
        let task = tokio::spawn(served).abort_handle();
        Ok(Some(Self { url, upstream, task }))
    }

    /// The same place by this way.
    pub(in crate::controllers) fn reached(&self, url: &str) -> String {
        url.strip_prefix(&self.upstream.origin)
            .map_or_else(|| url.to_owned(), |rest| format!("{}{rest}", self.url))
    }

    /// What went wrong on the way last, in Go's words where it has some.
    pub(in crate::controllers) fn trouble(&self) -> Option<String> {
        self.upstream.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is written leaves at once.
fn at_once(stream: &mut TcpStream) {
    let _ = stream.set_nodelay(true);
}

async fn relay(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    upstream.relay(request).await.unwrap_or_else(|(shown, error)| {
        let reason = words(&error);
        tracing::debug!(url = shown, reason, "a server is not reached");
        *upstream.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{shown}: {reason}"));
        StatusCode::BAD_GATEWAY.into_response()
    })
}

type Failure = hyper_util::client::legacy::Error;

impl Upstream {
    async fn relay(&self, request: Request) -> Result<Response, (String, Failure)> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let follows = matches!(parts.method, Method::GET | Method::HEAD);
        let mut headers = parts.headers;
        for own in [header::HOST, header::CONNECTION] {
            headers.remove(own);
        }
        let mut url = self.place(path);
        let mut body = Some(body);
        for _ in 0..=MOVES {
            let Ok(uri) = url.parse::<Uri>() else { break };
            let mut request = Request::new(body.take().unwrap_or_default());
            *request.method_mut() = parts.method.clone();
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            let method = if parts.method == Method::POST { "Post" } else { "Get" };
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| (format!("{method} \"{url}\""), error))?;
            let next = answer.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
            let next =
                next.filter(|_| follows && answer.status().is_redirection()).map(|place| join(&uri, place));
            let Some(next) = next else {
                self.remember(path, &url);
                let mut answer = answer.map(Body::new);
                if let Some(asked) = answer.headers_mut().get_mut(header::WWW_AUTHENTICATE) {
                    *asked = self.answered(asked.clone());
                }
                return Ok(answer);
            };
            if origin(&next) != origin(&url) {
                // What was meant for one server is no business of another.
                headers.remove(header::AUTHORIZATION);
            }
            url = next;
        }
        Ok((StatusCode::BAD_GATEWAY, "stopped after 10 redirects").into_response())
    }

    /// A registry's question for a token, with a place that is reached through here as well.
    fn answered(&self, asked: HeaderValue) -> HeaderValue {
        let text = asked.to_str().unwrap_or_default();
        let Some((before, after)) = text.split_once("realm=\"https://") else { return asked };
        let own = self.origin.trim_start_matches("https://");
        let place = match after.strip_prefix(own).filter(|rest| rest.starts_with('/')) {
            Some(rest) => format!("{}{rest}", self.url),
            None => format!("{}{ELSEWHERE}{after}", self.url),
        };
        HeaderValue::from_str(&format!("{before}realm=\"{place}")).unwrap_or(asked)
    }

    /// Where a path is now.
    fn place(&self, path: &str) -> String {
        if let Some(rest) = path.strip_prefix(ELSEWHERE) {
            return format!("https://{rest}");
        }
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let there =
            moved.as_ref().and_then(|(old, new)| Some(format!("{new}{}", path.strip_prefix(old.as_str())?)));
        there.unwrap_or_else(|| format!("{}{path}", self.origin))
    }

    /// A repository that was asked for its references and has moved gets what follows at its new place, as git does it.
    fn remember(&self, path: &str, url: &str) {
        const REFERENCES: &str = "/info/refs?service=git-upload-pack";
        if let (Some(old), Some(new)) = (path.strip_suffix(REFERENCES), url.strip_suffix(REFERENCES)) {
            *self.moved.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((old.to_owned(), new.to_owned()));
        }
    }
}

/// `https://<host>` of an address.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    &url[..end]
}

/// A redirection's place, which may leave out the server. One that leaves TLS is refused by the client.
fn join(from: &Uri, place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    let host = from.authority().map_or("", |authority| authority.as_str());
    let slash = if place.starts_with('/') { "" } else { "/" };
    format!("https://{host}{slash}{place}")
}

/// The innermost reason, as Go says it.
fn words(error: &Failure) -> String {
    let mut reason: &dyn std::error::Error = error;
    loop {
        if let Some(rustls::Error::InvalidCertificate(wrong)) = reason.downcast_ref() {
            return format!("tls: failed to verify certificate: x509: {}", of_certificate(wrong));
        }
        let io = reason.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            return "connect: connection refused".to_owned();
        }
        let inner = io.and_then(std::io::Error::get_ref).map(|inner| inner as &dyn std::error::Error);
        match inner.or_else(|| reason.source()) {
            Some(inner) => reason = inner,
            None => return reason.to_string(),
        }
    }
}

fn of_certificate(wrong: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Wrong;
    match wrong {
        Wrong::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        Wrong::Expired | Wrong::ExpiredContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
            "certificate is not valid for this name".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_joined() {
        let from = "https://a:1/b/c".parse().unwrap();
        assert_eq!(join(&from, "/d"), "https://a:1/d");
        assert_eq!(join(&from, "https://e/f"), "https://e/f");
        assert_eq!((origin("https://a:1/b"), origin("https://a")), ("https://a:1", "https://a"));
    }

    #[tokio::test]
    async fn plain_addresses_need_none() {
        assert!(Relay::to("http://a/b", &Tls::default()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_registry_that_has_its_tokens_elsewhere_is_asked_there() {
        let relay = Relay::to("https://a/v2", &Tls::default()).await.unwrap().unwrap();
        let asked = |text: &str| relay.upstream.answered(HeaderValue::from_str(text).unwrap());
        let here = &relay.url;
        let own = asked(r#"Bearer realm="https://a/token",service="s""#);
        assert_eq!(own, format!(r#"Bearer realm="{here}/token",service="s""#));
        let other = asked(r#"Bearer realm="https://b:1/token",service="s""#);
        assert_eq!(other, format!(r#"Bearer realm="{here}/.elsewhere/b:1/token",service="s""#));
        assert_eq!(relay.upstream.place("/.elsewhere/b:1/token?x=y"), "https://b:1/token?x=y");
        assert_eq!(asked(r#"Basic realm="https""#), r#"Basic realm="https""#);
    }
}
