//! What the lab's containers and the operator's controllers say.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, LogParams};

use super::config::AUDIT_LOG;
use super::{Error, Site};
use crate::platform;

/// Whose log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The forge's.
    Forge,
    /// The clusters' nodes'.
    Nodes,
    /// The API servers' audit logs.
    Audit,
    /// A controller of the operator, such as `source-controller`.
    Controller(String),
}

impl Source {
    /// The source that a word means.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "forge" => Some(Self::Forge),
            "nodes" => Some(Self::Nodes),
            "audit" => Some(Self::Audit),
            word if word.ends_with("-controller") => Some(Self::Controller(word.to_owned())),
            _ => None,
        }
    }
}

impl Site {
    /// The last lines of a log.
    pub async fn logs(&self, source: &Source, lines: usize) -> Result<String, platform::Error> {
        match source {
            Source::Forge => Ok(self.engine.logs(&self.names.forge(), lines).await?),
            Source::Controller(name) => self.controller_logs(name, lines).await,
            Source::Nodes | Source::Audit => {
                let mut text = String::new();
                for cluster in &self.settings.clusters {
                    for node in self.nodes(cluster).await? {
                        text += &match source {
                            Source::Nodes => self.engine.logs(&node.id, lines).await?,
                            _ => self.audit(&node.id, lines).await?,
                        };
                    }
                }
                Ok(text)
            }
        }
    }

    async fn audit(&self, node: &str, lines: usize) -> Result<String, Error> {
        let lines = lines.to_string();
        let done = self.engine.execute(node, None, &["tail", "-n", &lines, AUDIT_LOG]).await?;
        Ok(done.output)
    }

    async fn controller_logs(&self, name: &str, lines: usize) -> Result<String, platform::Error> {
        let platform = super::open(&self.folder)?;
        let cluster = platform.cluster();
        let refused = |source| platform::Error::Kubernetes {
            url: cluster.url(),
            message: platform::kubernetes_words(&source),
        };
        let pods = Api::<Pod>::namespaced(cluster.client().await?, "flux-system");
        let only = ListParams::default().labels(&format!("app={name}"));
        let tail = LogParams { tail_lines: i64::try_from(lines).ok(), ..LogParams::default() };
        let mut text = String::new();
        for pod in pods.list(&only).await.map_err(refused)? {
            text += &pods.logs(&pod.metadata.name.unwrap_or_default(), &tail).await.map_err(refused)?;
        }
        Ok(text)
    }
}
