//! The work environment: an image with everything that a lesson types, for people who have nothing but an engine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::engine::{Attached, Interactive};
use super::site::Tell;
use super::{Error, Site};
use crate::platform::{self, FORGE_HOST, Kind};

/// The API server's port inside the lab's network.
const API_PORT: u16 = 6443;

/// A shell in the work environment.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Whose it is; a part of the container's name.
    pub actor: String,
    /// What is run; the image's own command, a shell, when empty.
    pub command: Vec<String>,
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// What is mounted, each folder at its own path.
    pub folders: Vec<PathBuf>,
    /// Where the command begins.
    pub work: PathBuf,
    /// Who owns the mounted files: ids of user and group.
    pub owner: (u32, u32),
    /// Whether there is a terminal on this side.
    pub terminal: bool,
}

impl Site {
    /// Opens the work environment where the lab of a platform is reached: on its own network, or, for what runs in no
    /// container, on the machine's.
    pub async fn open_workspace(
        &self,
        kind: Kind,
        workspace: Workspace,
        tell: Tell<'_>,
    ) -> Result<Attached, platform::Error> {
        let image = self.settings.workspace.clone();
        self.ensure_pulled(&image, tell).await?;
        let network = match kind {
            Kind::Embedded => "host".to_owned(),
            Kind::K3d => self.names.network(),
        };
        let environment = workspace.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let bind = |folder: &PathBuf| format!("{0}:{0}", folder.display());
        let (user, group) = workspace.owner;
        // Several people may be one actor, and one may have several terminals.
        let name = format!("{}-shell-{}-{}", self.names.network(), workspace.actor, std::process::id());
        let spec = Interactive {
            name: &name,
            image: &self.settings.local(&image),
            command: workspace.command,
            environment: environment.collect(),
            labels: self.labels("shell"),
            binds: workspace.folders.iter().map(bind).collect(),
            network: &network,
            user: format!("{user}:{group}"),
            folder: workspace.work.display().to_string(),
            terminal: workspace.terminal,
        };
        Ok(self.engine.work_in(spec).await?)
    }

    /// A kubeconfig of the lab's for who is on its network. The server's certificate is for the address that the
    /// machine sees.
    pub fn kubeconfig_inside(&self, kubeconfig: &str) -> Result<String, Error> {
        let path = self.folder.kubeconfig("main");
        let bad = |_| Error::Setting {
            key: "KUBECONFIG".to_owned(),
            value: path.display().to_string(),
            expected: "it is a kubeconfig that set-up wrote".to_owned(),
        };
        let mut config: serde_json::Value = serde_saphyr::from_str(kubeconfig).map_err(bad)?;
        for entry in config["clusters"].as_array_mut().into_iter().flatten() {
            let server = entry["cluster"]["server"].as_str().unwrap_or_default();
            let host = server.trim_start_matches("https://");
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned();
            entry["cluster"]["server"] = format!("https://{}:{API_PORT}", self.names.node("main")).into();
            entry["cluster"]["tls-server-name"] = host.into();
        }
        Ok(serde_saphyr::to_string(&config).expect("a JSON value is YAML"))
    }
}

/// Where the forge is for who is on a lab's network.
pub fn forge_inside() -> String {
    format!("http://{FORGE_HOST}")
}
