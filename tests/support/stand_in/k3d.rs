//! k3d: its command line, what it prints and refuses, as recorded of the real one; the commands that a lab uses, and
//! `cluster list` and `cluster delete`. A cluster is one container of our embedded API server.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::cluster::{Cluster, Node, VERSION, containers, engine};
use super::config::Config;
use super::said::{self, Log};

/// Why k3d ends with an exit code of 1.
enum Refusal {
    /// With this as its last line.
    Fatal(String),
    /// Everything has been said.
    Said,
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Fatal(error.into().to_string())
    }
}

/// Does what a command line asks for; the exit code.
pub(crate) async fn run(words: &[&str]) -> u8 {
    let log = Log::begin();
    let refusal = match command(words, log).await {
        Ok(()) => return 0,
        Err(refusal) => refusal,
    };
    if let Refusal::Fatal(text) = refusal {
        log.fatal(&text);
    }
    1
}

async fn command(words: &[&str], log: Log) -> Result<(), Refusal> {
    match words {
        ["version"] => {
            said::to_stdout(&format!("k3d version {}\nk3s version v1.34.1-k3s1 (default)", version()));
            Ok(())
        }
        ["version", "-o", "json"] => {
            said::to_stdout(&format!("{{\"k3d\":\"{}\",\"k3s\":\"v1.34.1-k3s1\"}}", version()));
            Ok(())
        }
        ["cluster", "create", "--config", file] => create(file, log).await,
        ["cluster", "start", name] => start(name, log).await,
        ["cluster", "stop", name] => stop(name, log).await,
        ["cluster", "delete", name] => delete(name, log).await,
        ["cluster", "list"] => list(None).await,
        ["cluster", "list", name] => list(Some(name)).await,
        ["kubeconfig", "get", name] => kubeconfig(name).await,
        ["image", "import", words @ ..] => import(words, log).await,
        _ => Err(format!("the stand-in does not know `k3d {}`", words.join(" ")).into()),
    }
}

/// A test may want another one.
fn version() -> String {
    std::env::var("STAND_IN_K3D").unwrap_or_else(|_| VERSION.to_owned())
}

async fn create(file: &str, log: Log) -> Result<(), Refusal> {
    let config = Config::read(file)?;
    // As the real one it keeps its own copy among the temporary files as long as it lives, and leaves it when killed.
    let _copy = tempfile::Builder::new().prefix("k3d-config-tmp-").tempfile()?;
    let shown = std::path::Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let cluster = Cluster::open(&config.name).await?;
    log.info(&format!("Using config file {shown} (k3d.io/v1alpha5#simple)"));
    let name = &config.name;
    if !cluster.nodes().await?.is_empty() {
        let reason = "because a cluster with that name already exists";
        return Err(format!("Failed to create cluster '{name}' {reason}").into());
    }
    log.info("Prep: Network");
    if let Some((id, _)) = cluster.network(&config.network).await? {
        log.info(&format!("Re-using existing network '{}' ({id})", config.network));
    } else {
        cluster.create_network(&config.network).await?;
        log.info(&format!("Created network '{}'", config.network));
    }
    let network = cluster.network(&config.network).await?.unwrap_or_default();
    cluster.create_volume().await?;
    log.info(&format!("Created image volume {}", cluster.volume()));
    let made = make(&cluster, &config, &network, log).await;
    if let Err(error) = made {
        log.error(&error);
        log.error("Failed to create cluster >>> Rolling Back");
        log.info(&format!("Deleting cluster '{name}'"));
        cluster.remove(&cluster.node_name()).await?;
        cluster.remove_tools().await?;
        log.info("Deleting 1 attached volumes...");
        cluster.remove_volume().await?;
        return Err("Cluster creation FAILED, all changes have been rolled back!".into());
    }
    inject(log);
    cluster.remove_tools().await?;
    log.info(&format!("Cluster '{name}' created successfully!"));
    log.info("You can now use it like this:");
    said::to_stdout(&format!("export KUBECONFIG=$(k3d kubeconfig write {name})\nkubectl cluster-info"));
    Ok(())
}

async fn make(
    cluster: &Cluster,
    config: &Config,
    (network, gateway): &(String, String),
    log: Log,
) -> Result<(), String> {
    let node = cluster.node_name();
    log.info("Starting new tools node...");
    log.info(&format!("Starting node 'k3d-{}-tools'", cluster.name));
    let failed = |reason: String| format!("failed Cluster Creation: {reason}");
    cluster.start_tools(&config.network).await.map_err(failed)?;
    log.info(&format!("Creating node '{node}'"));
    cluster.create_node(config, network).await.map_err(failed)?;
    log.info("Using the k3d-tools node to gather environment information");
    starting(cluster, gateway, log);
    cluster.start_node(&node).await.map_err(|reason| format!("Failed Cluster Start: {reason}"))
}

fn starting(cluster: &Cluster, gateway: &str, log: Log) {
    log.info(&format!("HostIP: using network gateway {gateway} address"));
    log.info(&format!("Starting cluster '{}'", cluster.name));
    log.info("Starting servers...");
    log.info(&format!("Starting node '{}'", cluster.node_name()));
}

fn inject(log: Log) {
    log.info("All agents already running.");
    log.info("All helpers already running.");
    // The real one changes CoreDNS; here the engine writes the aliases into the node's own file.
    log.info(
        "Injecting records for hostAliases (incl. host.k3d.internal) and for 2 network members into CoreDNS configmap...",
    );
}

/// The nodes of a cluster that must be there.
async fn known(name: &str) -> Result<(Cluster, Vec<Node>), Refusal> {
    let cluster = Cluster::open(name).await?;
    let nodes = cluster.nodes().await?;
    if nodes.is_empty() {
        return Err("No nodes found for given cluster".into());
    }
    Ok((cluster, nodes))
}

async fn start(name: &str, log: Log) -> Result<(), Refusal> {
    let (cluster, nodes) = known(name).await?;
    log.info("Using the k3d-tools node to gather environment information");
    log.info("Starting new tools node...");
    log.info(&format!("Starting node 'k3d-{name}-tools'"));
    let network = nodes[0].labels.get("k3d.cluster.network").cloned().unwrap_or_default();
    cluster.start_tools(&network).await?;
    let (_, gateway) = cluster.network(&network).await?.unwrap_or_default();
    starting(&cluster, &gateway, log);
    for node in nodes.iter().filter(|node| !node.running) {
        if let Err(reason) = cluster.start_node(&node.name).await {
            cluster.remove_tools().await?;
            return Err(format!("Failed Cluster Start: {reason}").into());
        }
    }
    inject(log);
    cluster.remove_tools().await?;
    log.info(&format!("Started cluster '{name}'"));
    Ok(())
}

async fn stop(name: &str, log: Log) -> Result<(), Refusal> {
    let (cluster, nodes) = known(name).await?;
    log.info(&format!("Stopping cluster '{name}'"));
    for node in nodes.iter().filter(|node| node.running) {
        cluster.stop(node).await?;
    }
    log.info(&format!("Stopped cluster '{name}'"));
    Ok(())
}

async fn delete(name: &str, log: Log) -> Result<(), Refusal> {
    let cluster = Cluster::open(name).await?;
    let nodes = cluster.nodes().await?;
    if nodes.is_empty() {
        log.info(&format!("No nodes found for cluster '{name}', nothing to delete."));
        log.info("No clusters found");
        return Ok(());
    }
    log.info(&format!("Deleting cluster '{name}'"));
    for node in &nodes {
        cluster.remove(&node.id).await?;
    }
    cluster.remove_tools().await?;
    log.info("Deleting 1 attached volumes...");
    cluster.remove_volume().await?;
    log.info("Removing cluster details from default kubeconfig...");
    log.info("Removing standalone kubeconfig file (if there is one)...");
    log.info(&format!("Successfully deleted cluster {name}!"));
    Ok(())
}

async fn list(only: Option<&str>) -> Result<(), Refusal> {
    let nodes = match only {
        Some(name) => known(name).await?.1,
        None => containers(&engine().await?, "k3d.role=server").await?,
    };
    let mut clusters = BTreeMap::<String, (usize, usize)>::new();
    for node in &nodes {
        let count = clusters.entry(node.labels.get("k3d.cluster").cloned().unwrap_or_default()).or_default();
        *count = (count.0 + usize::from(node.running), count.1 + 1);
    }
    let width = clusters.keys().map(String::len).max().unwrap_or_default().max(4);
    said::to_stdout(&format!("{:<width$}   SERVERS   AGENTS   LOADBALANCER", "NAME"));
    for (name, (running, all)) in clusters {
        said::to_stdout(&format!("{name:<width$}   {:<7}   0/0      false", format!("{running}/{all}")));
    }
    Ok(())
}

async fn kubeconfig(name: &str) -> Result<(), Refusal> {
    let (cluster, nodes) = known(name).await?;
    let text = cluster.kubeconfig(&nodes[0]).await?;
    let config: Value = serde_saphyr::from_str(&text)?;
    let label = |key: &str| nodes[0].labels.get(key).cloned().unwrap_or_default();
    let (context, user) = (format!("k3d-{name}"), format!("admin@k3d-{name}"));
    let server = format!("https://{}:{}", label("k3d.server.api.host"), label("k3d.server.api.port"));
    let data = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    said::to_stdout(&format!(
        "---\napiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: {server}\n  \
         name: {context}\ncontexts:\n- context:\n    cluster: {context}\n    user: {user}\n  name: {context}\n\
         current-context: {context}\nkind: Config\nusers:\n- name: {user}\n  user:\n    \
         client-certificate-data: {}\n    client-key-data: {}",
        data(&config["clusters"][0]["cluster"]["certificate-authority-data"]),
        data(&config["users"][0]["user"]["client-certificate-data"]),
        data(&config["users"][0]["user"]["client-key-data"]),
    ));
    Ok(())
}

async fn import(words: &[&str], log: Log) -> Result<(), Refusal> {
    let (mut name, mut images) = ("k3s-default", Vec::new());
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "-c" | "--cluster" => name = words.next().copied().unwrap_or_default(),
            "-m" | "--mode" => drop(words.next()),
            image => images.push(image),
        }
    }
    let cluster = Cluster::open(name).await?;
    let nodes = cluster.nodes().await?;
    if nodes.is_empty() {
        return Err(format!("failed to get cluster {name}: No nodes found for given cluster").into());
    }
    log.info(&format!("Importing image(s) into cluster '{name}'"));
    let mut found = Vec::new();
    for image in images {
        if cluster.has_image(image).await {
            found.push(image);
        } else {
            log.warning(&format!(
                "Image '{image}' is not a file and couldn't be found in the container runtime"
            ));
        }
    }
    let failed = |reason: &str| {
        log.error(&format!("Failed to import image(s) into cluster '{name}': {reason}"));
        // The letter that is missing here is missing there.
        let most =
            "At least one error occured while trying to import the image(s) into the selected cluster(s)";
        log.warning(most);
        Refusal::Said
    };
    if found.is_empty() {
        return Err(failed("no valid images specified"));
    }
    log.info("Starting new tools node...");
    log.info(&format!("Starting node 'k3d-{name}-tools'"));
    let network = nodes[0].labels.get("k3d.cluster.network").cloned().unwrap_or_default();
    cluster.start_tools(&network).await.map_err(|error| failed(&error))?;
    log.info("Importing images into nodes...");
    for node in &nodes {
        cluster.add_images(node, &found).await.map_err(|error| failed(&error.to_string()))?;
    }
    log.info("Removing k3d-tools node...");
    cluster.remove_tools().await?;
    log.info("Successfully imported image(s)");
    log.info(&format!("Successfully imported {} image(s) into 1 cluster(s)", found.len()));
    Ok(())
}
