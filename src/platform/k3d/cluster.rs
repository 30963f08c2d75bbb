//! `cluster`: made by `k3d cluster create` from a configuration file of ours. The administrator's kubeconfig is
//! written when the cluster is whole: a cluster without it is half-made, and made again.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::engine::Container;
use super::error::says_disk_full;
use super::forge::port_taken;
use super::labels::{CLUSTER, LAB, ROLE};
use super::manifest::RECEIVER_PORT;
use super::site::{Tell, free_port, says_port_busy};
use super::{Error, Folder, Names, Site, certificate};
use crate::events::Outcome;
use crate::platform::{self, Actor, Cluster};
use crate::process;

/// A free port can be taken by somebody else before the engine takes it.
const PORT_ATTEMPTS: u32 = 5;
/// How long an API server may take to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long nodes may take to run and to take images.
const NODES_LIMIT: Duration = Duration::from_secs(180);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at what cannot be watched.
const LOOK: Duration = Duration::from_millis(250);

impl Site {
    /// Whether all nodes of a cluster run; nothing when there are none.
    pub async fn probe_cluster(&self, cluster: &str) -> Result<Option<bool>, platform::Error> {
        let nodes = self.nodes(cluster).await?;
        let whole = self.folder.kubeconfig(cluster).exists();
        Ok((!nodes.is_empty()).then(|| whole && nodes.iter().all(|node| node.running)))
    }

    /// Removes what is there of a cluster that never became whole.
    pub async fn clear_half_made(&self, cluster: &str) -> Result<(), platform::Error> {
        if self.folder.kubeconfig(cluster).exists() && !self.nodes(cluster).await?.is_empty() {
            return Ok(());
        }
        self.claim(cluster).await?;
        self.remove_cluster_containers(cluster).await?;
        self.folder.forget_cluster(cluster);
        Ok(())
    }

    /// Makes a cluster, or starts it. What was half-made is [cleared](Self::clear_half_made) before.
    pub async fn ensure_cluster(
        &self,
        cluster: &str,
        tell: Tell<'_>,
    ) -> Result<(Outcome, String), platform::Error> {
        for image in [Some(&self.settings.k3s), self.settings.k3d_tools.as_ref()].into_iter().flatten() {
            self.ensure_pulled(image, tell).await?;
        }
        self.claim(cluster).await?;
        let nodes = self.nodes(cluster).await?;
        let outcome = if nodes.is_empty() {
            tell(format!("cluster {} is made by k3d", self.names.cluster(cluster)));
            self.create_cluster(cluster).await?;
            Outcome::Created
        } else if nodes.iter().all(|node| node.running) {
            Outcome::Unchanged
        } else {
            tell(format!("cluster {} starts", self.names.cluster(cluster)));
            self.start_cluster(cluster).await?;
            Outcome::Updated
        };
        tell(format!("the API server of cluster {} is ready", self.names.cluster(cluster)));
        self.wait_ready(cluster).await?;
        let port = self.folder.cluster_port(cluster)?.unwrap_or_default();
        Ok((outcome, format!("https://127.0.0.1:{port}")))
    }

    /// The lab's claim to a cluster is the volume that k3d would make first: it carries the lab's labels.
    async fn claim(&self, cluster: &str) -> Result<(), platform::Error> {
        let (name, volume) = (self.names.cluster(cluster), self.names.image_volume(cluster));
        for node in self.engine.containers(&[format!("{CLUSTER}={name}")]).await? {
            // k3d's tools carry no labels of ours; the nodes do.
            if node.labels.get(ROLE).is_some_and(|role| role == "server" || role == "agent") {
                self.must_be_ours(&format!("cluster `{name}`"), &node.labels)?;
            }
        }
        if let Some(labels) = self.engine.volume(&volume).await? {
            return Ok(self.must_be_ours(&format!("volume `{volume}`"), &labels)?);
        }
        let mut labels = self.labels("images");
        labels.insert(CLUSTER.to_owned(), name);
        Ok(self.engine.create_volume(&volume, labels).await?)
    }

    /// The nodes of a cluster that are ours.
    pub(super) async fn nodes(&self, cluster: &str) -> Result<Vec<Container>, platform::Error> {
        let filter = [format!("{CLUSTER}={}", self.names.cluster(cluster)), format!("{LAB}={}", self.lab)];
        let mut nodes = self.engine.containers(&filter).await?;
        nodes.retain(|node| self.must_be_ours("", &node.labels).is_ok());
        Ok(nodes)
    }

    /// Everything of a half-made cluster, k3d's own helpers too. The claim to the cluster is checked before.
    async fn remove_cluster_containers(&self, cluster: &str) -> Result<(), platform::Error> {
        self.end_earlier_calls(Some(cluster)).await;
        let filter = [format!("{CLUSTER}={}", self.names.cluster(cluster))];
        for container in self.engine.containers(&filter).await? {
            self.engine.remove_container(&container.id).await?;
        }
        Ok(())
    }

    /// Loses the clusters with everything in them. Their ports stay, and so do network, forge and images: what is made
    /// next is found under the same addresses.
    pub async fn lose_clusters(&self) -> Result<(), platform::Error> {
        for cluster in self.clusters() {
            self.claim(cluster).await?;
            self.remove_cluster_containers(cluster).await?;
            self.folder.forget_cluster(cluster);
        }
        Ok(())
    }

    async fn create_cluster(&self, cluster: &str) -> Result<(), platform::Error> {
        let name = self.names.cluster(cluster);
        let known = self.folder.cluster_port(cluster)?;
        for attempt in 1.. {
            let port = known.map_or_else(free_port, Ok)?;
            let file = self.write_config(cluster, port)?.display().to_string();
            match self.call_k3d(cluster, "make", &["cluster", "create", "--config", &file]).await {
                Ok(_) => {
                    self.folder.keep_cluster_port(cluster, port)?;
                    break;
                }
                Err(error) => {
                    // k3d rolls back, the volume with our claim included.
                    self.claim(cluster).await?;
                    match (says_port_busy(&printed(&error)), known) {
                        (true, None) if attempt < PORT_ATTEMPTS => {}
                        (true, _) => return Err(port_taken(port, "Kubernetes API")),
                        (false, _) => return Err(refused(error, "make a cluster")),
                    }
                }
            }
        }
        let output = self.ask_k3d(cluster, &["kubeconfig", "get", &name]).await?;
        self.folder.keep_kubeconfig(cluster, output.stdout.trim_start_matches("---\n"))
    }

    async fn start_cluster(&self, cluster: &str) -> Result<(), platform::Error> {
        let name = self.names.cluster(cluster);
        match self.call_k3d(cluster, "make", &["cluster", "start", &name]).await {
            Ok(_) => Ok(()),
            Err(error) if says_port_busy(&printed(&error)) => {
                Err(port_taken(self.folder.cluster_port(cluster)?.unwrap_or_default(), "Kubernetes API"))
            }
            Err(error) => Err(refused(error, "start a cluster")),
        }
    }

    /// Stops a cluster's nodes. Whether any ran.
    pub(super) async fn stop_cluster(&self, cluster: &str) -> Result<bool, platform::Error> {
        let running = self.nodes(cluster).await?.iter().any(|node| node.running);
        if running {
            self.call_k3d(cluster, "make", &["cluster", "stop", &self.names.cluster(cluster)]).await?;
        }
        Ok(running)
    }

    /// Waits until a cluster's nodes can take images, which is seconds before k3d calls the cluster made.
    pub async fn wait_nodes(&self, cluster: &str, tell: Tell<'_>) -> Result<(), platform::Error> {
        let waits_for = format!("the nodes of cluster {} take images", self.names.cluster(cluster));
        tell(waits_for.clone());
        let late = |_| Error::TimedOut {
            waits_for: waits_for.clone(),
            seconds: NODES_LIMIT.as_secs(),
            observed: "they do not run".to_owned(),
        };
        let filter = [format!("{CLUSTER}={}", self.names.cluster(cluster)), format!("{LAB}={}", self.lab)];
        let wait = async {
            let mut starts = self.engine.starts(&filter);
            loop {
                let nodes = self.nodes(cluster).await?;
                if !nodes.is_empty() && nodes.iter().all(|node| node.running) {
                    return Ok::<_, platform::Error>(nodes);
                }
                // A start before the engine listens to us tells nobody; then the next look does.
                tokio::select! {
                    Some(()) = starts.next() => {}
                    () = tokio::time::sleep(LOOK * 4) => {}
                }
            }
        };
        for node in tokio::time::timeout(NODES_LIMIT, wait).await.map_err(late)?? {
            let answers = "until ctr version >/dev/null 2>&1; do sleep 0.2; done";
            let command = ["sh", "-c", answers];
            let asked = self.engine.execute(&node.id, None, &command);
            tokio::time::timeout(NODES_LIMIT, asked).await.map_err(late)??;
        }
        Ok(())
    }

    async fn wait_ready(&self, cluster: &str) -> Result<(), platform::Error> {
        let client = client(&self.folder, cluster, false).await?;
        let begin = std::time::Instant::now();
        loop {
            let request = http::Request::get("/readyz").body(Vec::new());
            let request = request.expect("a path of ours is a good request");
            // What begins to listen may take a connection and forget it.
            let observed = match tokio::time::timeout(ANSWER_LIMIT, client.request_text(request)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", ANSWER_LIMIT.as_secs()),
            };
            if begin.elapsed() > READY_LIMIT {
                return Err(Error::TimedOut {
                    waits_for: format!("the API server of cluster {} is ready", self.names.cluster(cluster)),
                    seconds: READY_LIMIT.as_secs(),
                    observed,
                }
                .into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A failure of k3d whose cause is the engine's full disk is told as such: nobody looks for it in k3d's log.
fn refused(error: process::Error, what: &str) -> platform::Error {
    let printed = printed(&error);
    match printed.lines().find(|line| says_disk_full(line)) {
        Some(line) => Error::Full { what: what.to_owned(), message: line.trim().to_owned() }.into(),
        None => error.into(),
    }
}

fn printed(error: &process::Error) -> String {
    match error {
        process::Error::Failed { output, .. } | process::Error::TimedOut { output, .. } => output.clone(),
        _ => String::new(),
    }
}

/// A client with the administrator's rights.
async fn client(
    folder: &Folder,
    cluster: &str,
    default_retry: bool,
) -> Result<kube::Client, platform::Error> {
    let path = folder.kubeconfig(cluster);
    let unusable = |source| Error::Kubeconfig { path: path.clone(), source: Box::new(source) };
    let config = Kubeconfig::read_from(&path).map_err(unusable)?;
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
    // The API server is on loopback: a proxy of the user's must not come between.
    let mut config = config.map_err(unusable)?;
    config.proxy_url = None;
    config.default_retry = default_retry;
    let url = config.cluster_url.to_string();
    kube::Client::try_from(config)
        .map_err(|source| platform::Error::Kubernetes { url, message: platform::kubernetes_words(&source) })
}

/// A cluster as the driver sees it.
pub(super) struct K3dCluster {
    folder: Folder,
    cluster: String,
    node: String,
    port: u16,
}

impl K3dCluster {
    pub(super) fn new(folder: &Folder, names: &Names, cluster: &str, port: u16) -> Self {
        Self { folder: folder.clone(), cluster: cluster.to_owned(), node: names.node(cluster), port }
    }
}

#[async_trait]
impl Cluster for K3dCluster {
    async fn client(&self) -> Result<kube::Client, platform::Error> {
        client(&self.folder, &self.cluster, true).await
    }

    async fn observer(&self) -> Result<kube::Client, platform::Error> {
        client(&self.folder, &self.cluster, false).await
    }

    async fn kubeconfig(&self, actor: &Actor) -> Result<String, platform::Error> {
        let client = self.client().await?;
        let authority = authority(&self.folder, &self.cluster)?;
        certificate::kubeconfig(&client, &self.url(), &authority, &self.cluster, actor).await
    }

    fn knows(&self, kubeconfig: &str) -> bool {
        // A cluster that was made again has another authority at the same address.
        let authority = authority(&self.folder, &self.cluster).unwrap_or_default();
        !authority.is_empty() && kubeconfig.contains(&authority) && kubeconfig.contains(&self.url())
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn hook_url(&self) -> String {
        format!("http://{}:{RECEIVER_PORT}", self.node)
    }
}

/// The cluster's certificate authority, as in a kubeconfig.
fn authority(folder: &Folder, cluster: &str) -> Result<String, platform::Error> {
    let path = folder.kubeconfig(cluster);
    let unusable = |source| Error::Kubeconfig { path: path.clone(), source: Box::new(source) };
    let config = Kubeconfig::read_from(&path).map_err(unusable)?;
    let cluster = config.clusters.into_iter().next().and_then(|cluster| cluster.cluster);
    Ok(cluster.and_then(|cluster| cluster.certificate_authority_data).unwrap_or_default())
}
