//! Where a lab runs. Two traits are the boundary: everything above speaks the wire protocols only (the Kubernetes
//! API, git over HTTP, Gitea's REST API), so that a scenario cannot tell platforms apart.
//!
//! A lab has one name for its forge in every manifest, [`FORGE_HOST`]; people and programs on this machine reach it
//! at [`Forge::url`].

mod administration;
pub mod audit;
pub mod embedded;
mod error;
mod files;
pub mod git_repository;
mod gitea;
pub mod k3d;
mod open;
mod pull_requests;
mod seed;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

pub use error::{Error, kubernetes_words};
pub use gitea::{Branch, Commit, FileChange, Gitea, Identity as CommitIdentity, TreeEntry};
pub use open::{open, running};
pub use pull_requests::{MergeStyle, PullRequest};

use crate::events::Outcome;

/// The forge's and its registry's address in every manifest, on every platform.
pub const FORGE_HOST: &str = "forge.atelier.internal:3000";

/// Which platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One process of ours; pods are simulated.
    Embedded,
    /// A real k3s in Docker, a real Gitea and the real Flux.
    K3d,
}

impl Kind {
    /// The word that a user types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::K3d => "k3d",
        }
    }

    /// The platform that a user means by `word`.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Embedded, Self::K3d].into_iter().find(|kind| kind.name() == word)
    }
}

/// A person of the workshop: a Kubernetes user, a user of the forge, a git identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Login and Kubernetes user name, such as `dev2`.
    pub name: String,
    /// For commits.
    pub full_name: String,
    /// For commits.
    pub email: String,
    /// Home namespace: the one that the actor's kubeconfig names.
    pub namespace: String,
    /// Whether this actor administers the cluster and owns the organisation `fleet`.
    #[serde(default)]
    pub administrator: bool,
}

/// A file to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative, with `/`.
    pub path: String,
    /// Contents, any bytes.
    pub content: Vec<u8>,
}

/// A repository that set-up makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// A user or an organisation.
    pub owner: String,
    /// The name below it.
    pub name: String,
    /// The first commit's tree.
    pub files: Vec<File>,
    /// Branches that take pull requests only. They begin where `main` does.
    pub protected_branches: Vec<String>,
    /// Whether only its owner and `readers` may read it.
    pub private: bool,
    /// Users who may read it and not write to it.
    pub readers: Vec<String>,
}

/// A push that the forge has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// `<owner>/<name>`.
    pub repository: String,
    /// The full reference, such as `refs/heads/main`.
    pub reference: String,
    /// The new commit; 40 zeros when the reference was deleted.
    pub after: String,
}

/// A Kubernetes cluster of a lab.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// A client with the administrator's rights.
    async fn client(&self) -> Result<kube::Client, Error>;
    /// The same for somebody who asks again anyway and wants to hear each answer: by itself, kube asks again up to 15
    /// times, twice as late each time, when the answer is 429, 503 or 504.
    async fn observer(&self) -> Result<kube::Client, Error> {
        self.client().await
    }
    /// A kubeconfig (YAML) for a person, with a client certificate of the person's own; no rights come with it
    /// unless the actor is an administrator.
    async fn kubeconfig(&self, actor: &Actor) -> Result<String, Error>;
    /// Whether a kubeconfig that [`Self::kubeconfig`] once made is good for this very cluster.
    fn knows(&self, kubeconfig: &str) -> bool;
    /// The API server's address for people, such as `https://127.0.0.1:40001`.
    fn url(&self) -> String;
    /// The address that the forge calls for a Receiver, without path: what a webhook's URL begins with.
    fn hook_url(&self) -> String;
}

/// The forge of a lab.
#[async_trait]
pub trait Forge: Send + Sync {
    /// The address for people and programs on this machine, such as `http://127.0.0.1:40002`, without a slash.
    fn url(&self) -> String;
    /// Gitea's REST API, as the forge's administrator.
    fn api(&self) -> &Gitea;
    /// Makes the user of an actor, with an access token for git and the API, which is returned. `known` is the
    /// token that the lab remembers: returned unchanged when it still works.
    async fn ensure_user(&self, actor: &Actor, known: Option<&str>) -> Result<(Outcome, String), Error>;
    /// Makes a repository with one first commit. A repository that exists is left as it is.
    async fn ensure_repository(&self, repository: &Repository) -> Result<Outcome, Error>;
    /// Makes the webhook of a repository that calls `url` for pushes, signed with `secret`.
    async fn ensure_webhook(
        &self,
        owner: &str,
        name: &str,
        url: &str,
        secret: &str,
    ) -> Result<Outcome, Error>;
    /// Pushes to all repositories from now on, as they are taken. The stream ends when the forge goes away.
    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error>;
    /// Brings an image that the lab's nodes have from this machine into the registry, `<owner>/<name>:<tag>` of it.
    /// False where this machine has none.
    async fn publish(&self, _image: &str) -> Result<bool, Error> {
        Ok(false)
    }
}

/// What a lab runs on.
pub struct Platform {
    /// Which one.
    pub kind: Kind,
    /// By name; the first is `main`.
    pub clusters: BTreeMap<String, Box<dyn Cluster>>,
    /// The forge, which is also the registry.
    pub forge: Box<dyn Forge>,
}

impl Platform {
    /// The cluster that is meant where none is named.
    pub fn cluster(&self) -> &dyn Cluster {
        self.clusters
            .get("main")
            .or_else(|| self.clusters.values().next())
            .expect("every platform has a cluster")
            .as_ref()
    }
}
