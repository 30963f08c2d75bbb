//! What cases are played against: a server of ours in this process, or a real one by its kubeconfig.

use atelier::accounts::Identity;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::apiserver::world::World;

/// One of the two.
pub(super) enum Server {
    Ours(Box<World>),
    Real { administrator: kube::Client, nobody: kube::Client },
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// With a certificate, as the administrator.
    Administrator,
    /// With what the headers say, and nothing else.
    Headers,
}

/// How much of a body is read.
pub(super) enum Extent<'a> {
    Whole,
    /// So many lines.
    Lines(usize),
    /// Up to the first line that is right.
    Until(&'a (dyn Fn(&Value) -> bool + Sync)),
}

/// What was answered.
pub(super) struct Raw {
    pub(super) code: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Server {
    /// A new server of ours.
    pub(super) async fn ours() -> Self {
        Self::Ours(Box::new(World::new().await))
    }

    /// The server that a kubeconfig names.
    pub(super) async fn real(kubeconfig: &str) -> Self {
        // Whoever was first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(file, &options).await.unwrap();
        config.default_retry = false;
        let mut open = config.clone();
        open.auth_info = kube::config::AuthInfo::default();
        let client = |config| kube::Client::try_from(config).unwrap();
        Self::Real { administrator: client(config), nobody: client(open) }
    }

    /// Asks, and reads so much of the answer.
    pub(super) async fn ask(&self, asker: Asker, request: Request<Bytes>, extent: Extent<'_>) -> Raw {
        match self {
            Self::Ours(world) => {
                let mut request = request.map(axum::body::Body::from);
                if asker == Asker::Administrator {
                    request.extensions_mut().insert(Identity::administrator());
                }
                read(world.server.router().oneshot(request).await.unwrap(), extent).await
            }
            Self::Real { administrator, nobody } => {
                let client = if asker == Asker::Administrator { administrator } else { nobody };
                let request = request.map(|bytes| kube::client::Body::from(bytes.to_vec()));
                read(client.send(request).await.unwrap(), extent).await
            }
        }
    }
}

async fn read<B>(answer: http::Response<B>, extent: Extent<'_>) -> Raw
where
    B: axum::body::HttpBody<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = answer.into_parts();
    let lines = if parts.status.is_success() { extent } else { Extent::Whole };
    let mut bytes = Vec::new();
    let mut stream = std::pin::pin!(body.into_data_stream());
    while !enough(&bytes, &lines) {
        let Some(chunk) = stream.next().await else { break };
        let Ok(chunk) = chunk else { break };
        bytes.extend_from_slice(&chunk);
    }
    Raw { code: parts.status, headers: parts.headers, body: bytes }
}

fn enough(bytes: &[u8], extent: &Extent<'_>) -> bool {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    match extent {
        Extent::Whole => false,
        Extent::Lines(count) => lines.count() >= *count,
        Extent::Until(right) => {
            lines.any(|line| serde_json::from_slice(line).is_ok_and(|event| right(&event)))
        }
    }
}
