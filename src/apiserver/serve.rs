//! The API server on a socket: TLS with the lab's authority, and client certificates as identities.
//! <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates>

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures::future::BoxFuture;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower::layer::util::Identity as Unchanged;
use tower::util::{Either, option_layer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::server::Error;
use crate::accounts::{Authority, Identity};

/// Requests that are under way at the end get so long; watches have no end of their own.
const GRACE: Duration = Duration::from_millis(500);

/// Serves `router` on `listener` until `shutdown`. Clients with a certificate of the authority are who it says;
/// the certificate is optional, and others are anonymous.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    authority: &Authority,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let config = RustlsConfig::from_config(Arc::new(tls(authority)?));
    listener.set_nonblocking(true).map_err(Error::Listen)?;
    let handle = Handle::new();
    let stopper = handle.clone();
    let stop = async move {
        shutdown.cancelled().await;
        stopper.graceful_shutdown(Some(GRACE));
        std::future::pending::<()>().await;
    };
    let acceptor = CertificateAcceptor(RustlsAcceptor::new(config));
    let server = axum_server::from_tcp(listener).map_err(Error::Listen)?.acceptor(acceptor).handle(handle);
    tokio::select! {
        ended = server.serve(router.into_make_service()) => ended.map_err(Error::Listen),
        () = stop => Ok(()),
    }
}

fn tls(authority: &Authority) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate().as_bytes())?)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = verifier.allow_unauthenticated().build()?;
    let pair = authority.server()?;
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Adds the identity to every request of a connection, where there is one.
type Identified = Either<Extension<Identity>, Unchanged>;

/// Accepts connections, and tells their requests who is at the other end.
#[derive(Clone)]
struct CertificateAcceptor(RustlsAcceptor<DefaultAcceptor>);

impl<S> Accept<TcpStream, S> for CertificateAcceptor
where
    S: Send + 'static,
{
    type Stream = <RustlsAcceptor<DefaultAcceptor> as Accept<TcpStream, S>>::Stream;
    type Service = <Identified as Layer<S>>::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let acceptor = self.0.clone();
        Box::pin(async move {
            stream.set_nodelay(true)?;
            let (stream, service) = acceptor.accept(stream, service).await?;
            let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let identity = certificate.and_then(|certificate| identity(certificate.as_ref()));
            Ok((stream, option_layer(identity.map(Extension)).layer(service)))
        })
    }
}

/// User and groups of a verified certificate.
fn identity(certificate: &[u8]) -> Option<Identity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let subject = certificate.subject();
    let text =
        |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| attribute.as_str().ok().map(str::to_owned);
    let username = subject.iter_common_name().next().and_then(text)?;
    let groups = subject.iter_organization().filter_map(text).collect();
    Some(Identity { username, groups, ..Identity::default() })
}
