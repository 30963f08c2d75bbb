//! The embedded API server as the driver sees it: an address and a certificate authority.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use super::{Folder, Ports};
use crate::accounts::{Authority, Identity};
use crate::platform::{Actor, Cluster, Error, kubernetes_words};

pub(super) struct EmbeddedCluster {
    authority: Authority,
    ports: Ports,
}

impl EmbeddedCluster {
    pub(super) fn new(folder: &Folder, ports: Ports) -> Result<Self, Error> {
        Ok(Self { authority: Authority::open(&folder.join("pki"))?, ports })
    }

    fn kubeconfig_for(&self, identity: &Identity, name: &str, namespace: &str) -> Result<String, Error> {
        let pair = self.authority.client(identity)?;
        let encode = |text: &str| STANDARD.encode(text);
        let cluster =
            json!({"server": self.url(), "certificate-authority-data": encode(self.authority.certificate())});
        let user = json!({"client-certificate-data": encode(&pair.certificate), "client-key-data": encode(&pair.key)});
        // JSON is YAML, but people look into this file.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {},
            "clusters": [{"name": "main", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": "main", "user": name, "namespace": namespace}}],
            "current-context": name,
        });
        Ok(serde_saphyr::to_string(&config).expect("a JSON value is YAML"))
    }

    async fn client_with(&self, default_retry: bool) -> Result<kube::Client, Error> {
        let refused =
            |source: kube::Error| Error::Kubernetes { url: self.url(), message: kubernetes_words(&source) };
        let text = self.kubeconfig_for(&Identity::administrator(), "administrator", "default")?;
        let unusable = |source| refused(kube::Error::InferKubeconfig(source));
        let config = Kubeconfig::from_yaml(&text).map_err(unusable)?;
        let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        // The API server is on loopback: a proxy of the user's must not come between.
        let mut config = config.map_err(unusable)?;
        config.proxy_url = None;
        config.default_retry = default_retry;
        kube::Client::try_from(config).map_err(refused)
    }
}

#[async_trait]
impl Cluster for EmbeddedCluster {
    async fn client(&self) -> Result<kube::Client, Error> {
        self.client_with(true).await
    }

    async fn observer(&self) -> Result<kube::Client, Error> {
        self.client_with(false).await
    }

    async fn kubeconfig(&self, actor: &Actor) -> Result<String, Error> {
        let groups: &[&str] = if actor.administrator { &["system:masters"] } else { &[] };
        self.kubeconfig_for(&Identity::new(&actor.name, groups), &actor.name, &actor.namespace)
    }

    fn knows(&self, kubeconfig: &str) -> bool {
        kubeconfig.contains(&self.url())
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.ports.kubernetes)
    }

    fn hook_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.hooks)
    }
}
