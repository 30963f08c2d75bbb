//! The configuration file that k3d makes a cluster from, as in its documentation.
//! <https://k3d.io/stable/usage/configfile/>

use std::path::PathBuf;

use serde_json::{Value, json};

use super::folder::Addresses;
use super::{Error, Site};
use crate::platform::{self, FORGE_HOST, audit};

/// Where the audit policy is in a node.
const POLICY: &str = "/etc/atelier/audit-policy.yaml";
/// Where the audit log is in a node.
pub(super) const AUDIT_LOG: &str = "/var/log/atelier-audit.log";

/// The parts of the cluster itself.
const OWN: [&str; 3] = ["system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"];

impl Site {
    /// Writes the files that k3d reads for a cluster.
    pub(super) fn write_config(&self, cluster: &str, port: u16) -> Result<PathBuf, platform::Error> {
        let addresses = self.folder.addresses()?.ok_or(Error::NoSubnet)?;
        let policy = self.folder.keep_audit_policy(&audit::policy(&OWN))?;
        let config = self.config(cluster, port, &addresses, &policy.display().to_string());
        let text = serde_saphyr::to_string(&config).expect("a JSON value is YAML");
        self.folder.keep_config(cluster, &text)
    }

    fn config(&self, cluster: &str, port: u16, addresses: &Addresses, policy: &str) -> Value {
        let servers = json!(["server:*"]);
        let argument = |text: String| json!({"arg": text, "nodeFilters": servers});
        let flag = |text: String| argument(format!("--kube-apiserver-arg={text}"));
        let host = FORGE_HOST.split(':').next().unwrap_or_default();
        let mut mirrors = serde_json::Map::new();
        mirrors.insert(FORGE_HOST.to_owned(), json!({"endpoint": [format!("http://{FORGE_HOST}")]}));
        for (registry, mirror) in &self.settings.mirrors {
            let endpoint = mirror.split('/').next().unwrap_or_default();
            mirrors.insert(registry.clone(), json!({"endpoint": [format!("https://{endpoint}")]}));
        }
        let registries = serde_saphyr::to_string(&json!({"mirrors": mirrors})).expect("a JSON value is YAML");
        let mut labels = self.labels("node").into_iter().collect::<Vec<_>>();
        labels.sort();
        let labels = labels
            .into_iter()
            .map(|(key, value)| json!({"label": format!("{key}={value}"), "nodeFilters": servers}));
        json!({
            "apiVersion": "k3d.io/v1alpha5",
            "kind": "Simple",
            "metadata": {"name": self.names.cluster(cluster)},
            "servers": 1,
            "image": self.settings.local(&self.settings.k3s),
            "network": self.names.network(),
            "kubeAPI": {"hostIP": "127.0.0.1", "hostPort": port.to_string()},
            "registries": {"config": registries},
            "hostAliases": [{"ip": addresses.forge, "hostnames": [host]}],
            "volumes": [{"volume": format!("{policy}:{POLICY}"), "nodeFilters": servers}],
            "options": {
                "k3d": {"wait": true, "timeout": "180s", "disableLoadbalancer": true},
                "k3s": {"extraArgs": [
                    argument("--disable=traefik".to_owned()),
                    flag(format!("audit-policy-file={POLICY}")),
                    flag(format!("audit-log-path={AUDIT_LOG}")),
                    flag("audit-log-maxsize=20".to_owned()),
                    flag("audit-log-maxbackup=1".to_owned()),
                ]},
                "kubeconfig": {"updateDefaultKubeconfig": false, "switchCurrentContext": false},
                "runtime": {"labels": labels.collect::<Vec<_>>()},
            },
        })
    }
}
