//! What the engine tells about itself.

use serde::Serialize;

use super::Engine;
use crate::platform::k3d::Error;

/// An engine's description.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Its address.
    pub address: String,
    /// `Docker` or `Podman`.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The version of its API.
    pub api: String,
    /// The operating system that it runs on, in its words.
    pub system: String,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// Processors.
    pub processors: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// `1` or `2`.
    pub cgroup: String,
    /// Whether it runs without root.
    pub rootless: bool,
    /// Where it keeps its data, on its own machine.
    pub root: String,
    /// Whether it goes through a proxy.
    pub proxy: bool,
}

impl Engine {
    /// Asks the engine about itself.
    pub async fn facts(&self) -> Result<Facts, Error> {
        let asked = || Error::engine("tell about itself");
        let version = self.docker.version().await.map_err(asked())?;
        let info = self.docker.info().await.map_err(asked())?;
        let components = version.components.unwrap_or_default();
        let podman = components.iter().any(|component| component.name.contains("Podman"));
        let options = info.security_options.unwrap_or_default();
        let number =
            |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
        Ok(Facts {
            address: self.address().to_owned(),
            product: if podman { "Podman" } else { "Docker" }.to_owned(),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            system: info.operating_system.unwrap_or_default(),
            architecture: version.arch.unwrap_or_default(),
            processors: number(info.ncpu),
            memory: number(info.mem_total),
            cgroup: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
            rootless: options.iter().any(|option| option.contains("rootless")),
            root: info.docker_root_dir.unwrap_or_default(),
            proxy: info.https_proxy.or(info.http_proxy).is_some_and(|proxy| !proxy.is_empty()),
        })
    }
}
