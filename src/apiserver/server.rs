//! The API server as a whole: what it is opened from, and the ways in.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::{Extension, Router};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::access::Access;
use super::admission::Policies;
use super::catalog::Catalog;
use super::store::{self, Store};
use super::subresources::Kubelets;
use super::{audit, lifecycle, router};
use crate::accounts::{Identity, ServiceAccountKey};

/// What the server needs to know.
#[derive(Clone)]
pub struct Config {
    /// The folder of the log.
    pub data: PathBuf,
    /// What the kubelets expect as bearer token.
    pub kubelet_token: String,
    /// The certificate of the lab's authority, PEM, which every namespace gets as `kube-root-ca.crt`.
    pub ca_certificate: String,
    /// The audit log; without it none is written.
    pub audit: Option<audit::Settings>,
}

/// Why the server cannot be opened or served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log is not usable.
    #[error("the objects of the cluster cannot be read")]
    Store(#[from] store::Error),
    /// The lab's authority cannot sign the server's certificate.
    #[error("the server has no certificate")]
    Authority(#[from] crate::accounts::AuthorityError),
    /// TLS does not take the certificates.
    #[error("the server's certificate is not usable")]
    Tls(#[from] rustls::Error),
    /// PEM is not well-formed.
    #[error("the server's certificate is not PEM")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The verifier of client certificates cannot be made.
    #[error("client certificates cannot be verified")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// The audit log cannot be written as its policy says.
    #[error("requests cannot be written down")]
    Audit(#[from] audit::Error),
    /// The listener fails.
    #[error("the API server cannot listen")]
    Listen(#[source] std::io::Error),
    /// The key that signs the tokens of service accounts cannot be had.
    #[error("service accounts can have no tokens")]
    ServiceAccountKey(#[from] crate::accounts::ServiceAccountKeyError),
    /// A built-in object could not be written.
    #[error("cannot make the built-in object `{object}`: {message}")]
    Bootstrap {
        /// Kind and name.
        object: String,
        /// The refusal.
        message: String,
    },
}

/// What handlers share.
pub(crate) struct Server {
    pub(crate) store: Arc<Store>,
    pub(crate) catalog: Catalog,
    pub(crate) access: Access,
    pub(crate) policies: Policies,
    pub(crate) audit: Option<audit::Log>,
    pub(crate) kubelets: Kubelets,
    pub(crate) service_account_key: ServiceAccountKey,
    pub(crate) ca_certificate: String,
    /// Held while the address of a Service is chosen.
    pub(crate) addresses: Mutex<()>,
    /// Held while the objects that a quota counts are counted.
    pub(crate) counted: Mutex<()>,
}

/// An open API server. Its background work ends when the last clone is dropped.
#[derive(Clone)]
pub struct ApiServer {
    server: Arc<Server>,
    router: Router,
    _background: Arc<DropGuard>,
}

impl ApiServer {
    /// Opens the server: reads its log, makes what every cluster has, and starts the life cycle's work.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let Config { data, kubelet_token, ca_certificate, audit } = config;
        let audit = audit.as_ref().map(audit::Log::open).transpose()?;
        let open = move || -> Result<_, Error> {
            let store = Store::open(&data)?;
            Ok((store, ServiceAccountKey::open(&data.join("service-accounts.key"))?))
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let (store, service_account_key) = opened.expect("opening the store does not panic")?;
        let store = Arc::new(store);
        let catalog = Catalog::open(&store);
        let access = Access::open(&store);
        let policies = Policies::open(&store);
        let kubelets = Kubelets::new(kubelet_token);
        let server = Server {
            store,
            catalog,
            access,
            policies,
            audit,
            kubelets,
            service_account_key,
            ca_certificate,
            addresses: Mutex::new(()),
            counted: Mutex::new(()),
        };
        let server = Arc::new(server);
        lifecycle::bootstrap(&server)?;
        let shutdown = CancellationToken::new();
        lifecycle::start(&server, &shutdown);
        let router = router::router(Arc::clone(&server));
        Ok(Self { server, router, _background: Arc::new(shutdown.drop_guard()) })
    }

    /// Every path of the API. Requests carry an [`Identity`] as extension, or are anonymous.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A client that calls the server in this process.
    pub fn client(&self, identity: Identity) -> kube::Client {
        kube::Client::new(self.router.clone().layer(Extension(identity)), "default")
    }

    /// The revision of the latest write.
    pub fn revision(&self) -> u64 {
        self.server.store.revision()
    }
}
