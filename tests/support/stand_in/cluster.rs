//! What k3d makes of a cluster in the engine, with k3d's names and labels: a volume for images, a container of tools
//! while something is done, and one node. Unlike the real ones the node is not privileged.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error::DockerResponseServerError as ServerError;
use bollard::models::{
    ContainerCreateBody, HostConfig, NetworkCreateRequest, PortBinding, RestartPolicy, RestartPolicyNameEnum,
    VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions, StopContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures::{StreamExt as _, TryStreamExt as _};

use super::Error;
use super::config::Config;

/// What the stand-in calls itself in labels.
pub(crate) const VERSION: &str = "v5.8.3";
/// How long a node may take until it is ready.
const LIMIT: Duration = Duration::from_secs(180);
/// How often the container of tools may go away under us.
const TOOLS_ATTEMPTS: u32 = 5;
/// Where a node keeps the administrator's kubeconfig.
const KUBECONFIG: &str = "/output/kubeconfig.yaml";

/// The things of one cluster.
pub(crate) struct Cluster {
    docker: Docker,
    pub(crate) name: String,
}

/// What is there of a node.
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) running: bool,
    pub(crate) labels: HashMap<String, String>,
}

/// Connects to the engine that `DOCKER_HOST` names.
pub(crate) async fn engine() -> Result<Docker, Error> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    Ok(Docker::connect_with_host(&host)?.negotiate_version().await?)
}

/// The engine's own sentence, with the words that its clients put in front.
fn daemon(error: bollard::errors::Error) -> String {
    match error {
        ServerError { message, .. } => {
            format!("Error response from daemon: {message}")
        }
        error => error.to_string(),
    }
}

impl Cluster {
    pub(crate) async fn open(name: &str) -> Result<Self, Error> {
        Ok(Self { docker: engine().await?, name: name.to_owned() })
    }

    pub(crate) fn node_name(&self) -> String {
        format!("k3d-{}-server-0", self.name)
    }

    pub(crate) fn volume(&self) -> String {
        format!("k3d-{}-images", self.name)
    }

    fn labels(&self, more: &[(&str, &str)]) -> HashMap<String, String> {
        let base = [("app", "k3d"), ("k3d.cluster", self.name.as_str()), ("k3d.version", VERSION)];
        base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The nodes, running or not; the tools are no node.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, Error> {
        let mut nodes = containers(&self.docker, &format!("k3d.cluster={}", self.name)).await?;
        nodes.retain(|node| node.labels.get("k3d.role").is_some_and(|role| role == "server"));
        Ok(nodes)
    }

    /// Id and gateway of the network that is called like this.
    pub(crate) async fn network(&self, name: &str) -> Result<Option<(String, String)>, Error> {
        let found = self.docker.list_networks(None).await?;
        let found = found.into_iter().find(|one| one.name.as_deref() == Some(name));
        Ok(found.map(|one| {
            let config = one.ipam.and_then(|ipam| ipam.config).unwrap_or_default().into_iter().next();
            let gateway = config.and_then(|config| config.gateway).unwrap_or_default();
            (one.id.unwrap_or_default(), gateway)
        }))
    }

    pub(crate) async fn create_network(&self, name: &str) -> Result<(), Error> {
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            labels: Some(HashMap::from([("app".to_owned(), "k3d".to_owned())])),
            ..NetworkCreateRequest::default()
        };
        Ok(self.docker.create_network(request).await.map(|_| ())?)
    }

    /// One that exists stays as it is.
    pub(crate) async fn create_volume(&self) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(self.volume()),
            labels: Some(self.labels(&[])),
            ..VolumeCreateRequest::default()
        };
        Ok(self.docker.create_volume(request).await.map(|_| ())?)
    }

    /// Starts the container that does things beside the nodes. It carries no labels but k3d's own.
    pub(crate) async fn start_tools(&self, network: &str) -> Result<(), String> {
        let name = format!("k3d-{}-tools", self.name);
        let image = std::env::var("K3D_IMAGE_TOOLS")
            .unwrap_or_else(|_| format!("ghcr.io/k3d-io/k3d-tools:{VERSION}"));
        let body = ContainerCreateBody {
            image: Some(image),
            cmd: Some(vec!["noop".to_owned()]),
            labels: Some(self.labels(&[("k3d.role", "noRole")])),
            host_config: Some(HostConfig {
                binds: Some(vec![format!("{}:/k3d/images", self.volume())]),
                network_mode: Some(network.to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        for attempt in 1.. {
            let options = CreateContainerOptionsBuilder::default().name(&name).build();
            // One of another k3d, at work or killed, is used too.
            match self.docker.create_container(Some(options), body.clone()).await {
                Ok(_) | Err(ServerError { status_code: 409, .. }) => {}
                Err(error) => return Err(daemon(error)),
            }
            match self.docker.start_container(&name, None).await {
                // The other k3d has just removed it.
                Err(ServerError { status_code: 404 | 409, .. }) if attempt < TOOLS_ATTEMPTS => {}
                started => return started.map_err(daemon),
            }
        }
        Ok(())
    }

    pub(crate) async fn remove_tools(&self) -> Result<(), Error> {
        self.remove(&format!("k3d-{}-tools", self.name)).await
    }

    /// Makes the container of the node; it is not started.
    pub(crate) async fn create_node(&self, config: &Config, network: &str) -> Result<(), String> {
        let (image, name) = (&config.image, self.node_name());
        let token = uuid::Uuid::new_v4().simple().to_string();
        let mut labels = self.labels(&[
            ("k3d.role", "server"),
            ("k3d.cluster.imageVolume", &self.volume()),
            ("k3d.cluster.network", &config.network),
            ("k3d.cluster.network.external", "true"),
            ("k3d.cluster.network.id", network),
            ("k3d.cluster.token", &token),
            ("k3d.cluster.url", &format!("https://{name}:6443")),
            ("k3d.server.api.host", &config.api.0),
            ("k3d.server.api.hostIP", &config.api.0),
            ("k3d.server.api.port", &config.api.1),
            ("k3d.server.loadbalancer", ""),
        ]);
        labels.extend(config.labels.iter().cloned());
        let words = ["server".to_owned()].into_iter().chain(config.arguments.iter().cloned());
        let words = words.chain(["--tls-san".to_owned(), config.api.0.clone()]);
        let port = PortBinding { host_ip: Some(config.api.0.clone()), host_port: Some(config.api.1.clone()) };
        let binds = [format!("{}:/k3d/images", self.volume())];
        let body = ContainerCreateBody {
            hostname: Some(name.clone()),
            image: Some(image.clone()),
            cmd: Some(words.collect()),
            env: Some(vec![format!("K3S_TOKEN={token}"), format!("K3S_KUBECONFIG_OUTPUT={KUBECONFIG}")]),
            labels: Some(labels),
            exposed_ports: Some(vec!["6443/tcp".to_owned()]),
            host_config: Some(HostConfig {
                binds: Some(binds.into_iter().chain(config.volumes.iter().cloned()).collect()),
                extra_hosts: Some(config.hosts.clone()),
                network_mode: Some(config.network.clone()),
                port_bindings: Some(HashMap::from([("6443/tcp".to_owned(), Some(vec![port]))])),
                restart_policy: Some(RestartPolicy {
                    name: Some(RestartPolicyNameEnum::UNLESS_STOPPED),
                    maximum_retry_count: None,
                }),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let failed = |reason: String| {
            format!(
                "failed setup of server/agent node {name}: failed to create node: runtime failed to create node \
                 '{name}': failed to create container for node '{name}': docker failed to pull image '{image}': \
                 docker failed to pull the image '{image}': {reason}"
            )
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        self.docker.create_container(Some(options), body).await.map_err(|error| failed(daemon(error)))?;
        let registries = config.registries.as_bytes();
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(registries.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "etc/rancher/k3s/registries.yaml", registries).unwrap();
        let body = bollard::body_full(archive.into_inner().unwrap().into());
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        self.docker.upload_to_container(&name, Some(options), body).await.map_err(daemon)
    }

    /// Starts a node and waits until it says that it is ready.
    pub(crate) async fn start_node(&self, name: &str) -> Result<(), String> {
        let failed = |reason: String| {
            format!(
                "Failed to start server {name}: runtime failed to start node '{name}': docker failed to start \
                 container for node '{name}': {reason}"
            )
        };
        let said_before = self.said(name).await;
        self.docker.start_container(name, None).await.map_err(|error| failed(daemon(error)))?;
        let options = LogsOptionsBuilder::default().follow(true).stdout(true).stderr(true).build();
        let mut lines = Box::pin(self.docker.logs(name, Some(options)));
        let mut said = 0;
        let wait = async {
            while let Some(Ok(line)) = lines.next().await {
                said += usize::from(says_ready(&line.to_string()));
                if said > said_before {
                    return true;
                }
            }
            false
        };
        match tokio::time::timeout(LIMIT, wait).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(failed("the node ended before it was ready".to_owned())),
            Err(_) => Err(failed("timed out: the node is not ready".to_owned())),
        }
    }

    /// How often a node has said that it is ready.
    async fn said(&self, name: &str) -> usize {
        let options = LogsOptionsBuilder::default().stdout(true).build();
        let lines: Vec<_> = self.docker.logs(name, Some(options)).try_collect().await.unwrap_or_default();
        lines.iter().filter(|line| says_ready(&line.to_string())).count()
    }

    pub(crate) async fn stop(&self, node: &Node) -> Result<(), Error> {
        let options = StopContainerOptionsBuilder::default().t(10).build();
        Ok(self.docker.stop_container(&node.id, Some(options)).await?)
    }

    /// Removes a container, which need not be there.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Error> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.docker.remove_container(name, Some(options)).await {
            Ok(()) | Err(ServerError { status_code: 404 | 409, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn remove_volume(&self) -> Result<(), Error> {
        match self.docker.remove_volume(&self.volume(), None::<RemoveVolumeOptions>).await {
            Ok(()) | Err(ServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The administrator's kubeconfig as the node wrote it.
    pub(crate) async fn kubeconfig(&self, node: &Node) -> Result<String, Error> {
        let options = DownloadFromContainerOptionsBuilder::default().path(KUBECONFIG).build();
        let parts: Vec<_> =
            self.docker.download_from_container(&node.id, Some(options)).try_collect().await?;
        let archive = parts.concat();
        let mut archive = tar::Archive::new(archive.as_slice());
        let mut file = archive.entries()?.next().ok_or("there is no kubeconfig in the node")??;
        Ok(std::io::read_to_string(&mut file)?)
    }

    /// Whether the engine has an image of that name.
    pub(crate) async fn has_image(&self, name: &str) -> bool {
        self.docker.inspect_image(name).await.is_ok()
    }

    /// Tells a node that it has these images.
    pub(crate) async fn add_images(&self, node: &Node, images: &[&str]) -> Result<(), Error> {
        let words = ["ctr", "-n", "k8s.io", "images", "add"].iter().chain(images);
        let options = bollard::exec::CreateExecOptions::<String> {
            cmd: Some(words.map(|&word| word.to_owned()).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..bollard::exec::CreateExecOptions::default()
        };
        let made = self.docker.create_exec(&node.id, options).await?;
        let started = self.docker.start_exec(&made.id, None).await?;
        if let bollard::exec::StartExecResults::Attached { output, .. } = started {
            let _: Vec<_> = output.try_collect().await?;
        }
        let ended = self.docker.inspect_exec(&made.id).await?.exit_code;
        if ended == Some(0) { Ok(()) } else { Err(format!("ctr ended with {ended:?}").into()) }
    }
}

fn says_ready(line: &str) -> bool {
    line.contains("\"ready\"")
}

/// The containers with a label, running or not.
pub(crate) async fn containers(docker: &Docker, label: &str) -> Result<Vec<Node>, Error> {
    let filters = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = docker.list_containers(Some(options)).await?;
    let node = |found: bollard::models::ContainerSummary| Node {
        id: found.id.unwrap_or_default(),
        name: found
            .names
            .unwrap_or_default()
            .first()
            .map_or("", |name| name.trim_start_matches('/'))
            .to_owned(),
        running: found.state.is_some_and(|state| state.to_string() == "running"),
        labels: found.labels.unwrap_or_default(),
    };
    Ok(found.into_iter().map(node).collect())
}
