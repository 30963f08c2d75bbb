//! What a lab on k3d keeps in its folder. Each fact has a file of its own, since stages run side by side.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::platform::Error;
use crate::platform::files::{create_folder, random, read_json, write, write_json};

/// Whose the lab is and how it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The lab's name.
    pub lab: String,
    /// The state folder that it belongs to.
    pub home: String,
    /// The address of the engine that it runs on.
    pub engine: String,
    /// The settings that it was last set up with.
    pub settings: Settings,
}

/// The lab's addresses in its network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Addresses {
    pub(super) subnet: String,
    pub(super) forge: String,
}

/// A published port of 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Port {
    port: u16,
}

/// The forge's secrets.
#[derive(Clone, Serialize, Deserialize)]
struct Secrets {
    forge_administrator: String,
}

/// Which manifest the operator was installed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The file, command or address that it came from.
    pub(super) from: String,
    /// The address that was configured.
    #[serde(default)]
    pub(super) url: String,
    pub(super) sha256: String,
}

/// The folder of one lab's k3d platform.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn create(&self) -> Result<(), Error> {
        create_folder(&self.join("clusters"))?;
        create_folder(&self.scratch())
    }

    /// Where k3d's own temporary files are; they go with the lab.
    pub(super) fn scratch(&self) -> PathBuf {
        self.join("scratch")
    }

    /// Whose the lab is, when it has been set up once.
    pub fn record(&self) -> Result<Option<Record>, Error> {
        optional(&self.join("site.json"))
    }

    pub(super) fn keep_record(&self, record: &Record) -> Result<(), Error> {
        self.create()?;
        write_json(&self.join("site.json"), record)
    }

    pub(super) fn addresses(&self) -> Result<Option<Addresses>, Error> {
        optional(&self.join("network.json"))
    }

    pub(super) fn keep_addresses(&self, addresses: &Addresses) -> Result<(), Error> {
        write_json(&self.join("network.json"), addresses)
    }

    /// The forge's published port.
    pub(super) fn forge_port(&self) -> Result<Option<u16>, Error> {
        Ok(optional::<Port>(&self.join("forge.json"))?.map(|port| port.port))
    }

    pub(super) fn keep_forge_port(&self, port: u16) -> Result<(), Error> {
        write_json(&self.join("forge.json"), &Port { port })
    }

    /// The published port of a cluster's API server.
    pub(super) fn cluster_port(&self, cluster: &str) -> Result<Option<u16>, Error> {
        Ok(optional::<Port>(&self.cluster(cluster, "json"))?.map(|port| port.port))
    }

    pub(super) fn keep_cluster_port(&self, cluster: &str, port: u16) -> Result<(), Error> {
        write_json(&self.cluster(cluster, "json"), &Port { port })
    }

    /// The builds (image ids) that were brought into a cluster's nodes, by reference.
    pub(super) fn imported(&self, cluster: &str, task: &str) -> BTreeMap<String, String> {
        optional(&self.cluster(cluster, &format!("{task}.json"))).ok().flatten().unwrap_or_default()
    }

    pub(super) fn keep_imported(
        &self,
        cluster: &str,
        task: &str,
        builds: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        write_json(&self.cluster(cluster, &format!("{task}.json")), builds)
    }

    /// Forgets a cluster that is to be made anew; its port stays.
    pub(super) fn forget_cluster(&self, cluster: &str) {
        let entries = std::fs::read_dir(self.join("clusters")).into_iter().flatten().flatten();
        let (own, port) = (format!("{cluster}."), self.cluster(cluster, "json"));
        for path in entries.map(|entry| entry.path()).filter(|path| *path != port) {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&own)) {
                // What cannot be removed is written over.
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// The administrator's kubeconfig; it is written when the cluster is whole.
    pub(super) fn kubeconfig(&self, cluster: &str) -> PathBuf {
        self.cluster(cluster, "kubeconfig")
    }

    pub(super) fn keep_kubeconfig(&self, cluster: &str, text: &str) -> Result<(), Error> {
        write(&self.kubeconfig(cluster), text.as_bytes())
    }

    pub(super) fn cluster(&self, cluster: &str, extension: &str) -> PathBuf {
        self.join("clusters").join(format!("{cluster}.{extension}"))
    }

    /// The configuration that k3d makes a cluster from.
    pub(super) fn keep_config(&self, cluster: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.cluster(cluster, "yaml");
        write(&path, text.as_bytes()).map(|()| path)
    }

    /// The audit policy of the clusters' API servers.
    pub(super) fn keep_audit_policy(&self, text: &str) -> Result<PathBuf, Error> {
        let path = self.join("audit-policy.yaml");
        write(&path, text.as_bytes()).map(|()| path)
    }

    pub(super) fn manifest(&self) -> PathBuf {
        self.join("flux.yaml")
    }

    pub(super) fn manifest_record(&self) -> Result<Option<Manifest>, Error> {
        optional(&self.join("flux.json"))
    }

    pub(super) fn keep_manifest(&self, text: &str, record: &Manifest) -> Result<(), Error> {
        write(&self.manifest(), text.as_bytes())?;
        write_json(&self.join("flux.json"), record)
    }

    /// The password of the forge's administrator, made when there is none.
    pub(super) fn forge_password(&self) -> Result<String, Error> {
        let path = self.join("secrets.json");
        if let Some(secrets) = optional::<Secrets>(&path)? {
            return Ok(secrets.forge_administrator);
        }
        let secrets = Secrets { forge_administrator: random(32) };
        self.create()?;
        write_json(&path, &secrets)?;
        Ok(secrets.forge_administrator)
    }

    /// The ports of 127.0.0.1 that the lab has: the forge's first, then those of its clusters, by name.
    pub fn ports(&self) -> Vec<(String, u16)> {
        let forge = self.forge_port().ok().flatten().map(|port| ("forge".to_owned(), port));
        let record = self.record().ok().flatten();
        let clusters = record.map(|record| record.settings.clusters).unwrap_or_default();
        let clusters = clusters.into_iter().filter_map(|name| {
            let port = self.cluster_port(&name).ok().flatten()?;
            Some((name, port))
        });
        forge.into_iter().chain(clusters).collect()
    }

    /// Whether something listens on all of the lab's ports, which is so while its containers run.
    pub fn answers(&self) -> bool {
        let listens = |(_, port): &(String, u16)| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
        };
        let ports = self.ports();
        ports.len() > 1 && ports.iter().all(listens)
    }
}

fn optional<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match read_json(path) {
        Ok(value) => Ok(Some(value)),
        Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
