//! A platform on paper: it has names for everything, and nobody behind them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt as _};
use serde_json::json;

use super::UNKNOWN;
use crate::events::{Events, Outcome};
use crate::platform::{Actor, Cluster, Error, FORGE_HOST, Forge, Gitea, Kind, Platform, Push, Repository};
use crate::scenario::session::{ActorContext, Session};
use crate::scenario::workshop::Workshop;

/// A cluster and a forge that nobody answers for.
struct Paper(Gitea);

impl Paper {
    fn new() -> Self {
        Self(Gitea::with_token("", ""))
    }
}

fn nobody() -> Error {
    let (method, path) = (String::new(), String::new());
    Error::ForgeRefused { method, path, status: 0, message: "a handout has no lab".to_owned() }
}

#[async_trait]
impl Cluster for Paper {
    async fn client(&self) -> Result<kube::Client, Error> {
        Err(nobody())
    }

    async fn kubeconfig(&self, _: &Actor) -> Result<String, Error> {
        Err(nobody())
    }

    fn knows(&self, _: &str) -> bool {
        false
    }

    fn url(&self) -> String {
        UNKNOWN.to_owned()
    }

    fn hook_url(&self) -> String {
        UNKNOWN.to_owned()
    }
}

#[async_trait]
impl Forge for Paper {
    fn url(&self) -> String {
        UNKNOWN.to_owned()
    }

    fn api(&self) -> &Gitea {
        &self.0
    }

    async fn ensure_user(&self, _: &Actor, _: Option<&str>) -> Result<(Outcome, String), Error> {
        Err(nobody())
    }

    async fn ensure_repository(&self, _: &Repository) -> Result<Outcome, Error> {
        Err(nobody())
    }

    async fn ensure_webhook(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Outcome, Error> {
        Err(nobody())
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error> {
        Ok(futures::stream::empty().boxed())
    }
}

/// A session of a workshop that never runs: only its texts can be asked for.
pub(super) fn session(workshop: &Workshop) -> Session {
    let context = |actor: &Actor| {
        let work = PathBuf::from("$ATELIER_WORK");
        let context =
            ActorContext { actor: actor.clone(), environment: BTreeMap::new(), work, token: String::new() };
        (actor.name.clone(), context)
    };
    let values = json!({
        "git": {"url": format!("http://{FORGE_HOST}")},
        "forge": {"url": UNKNOWN},
        "registry": {"host": FORGE_HOST, "local": UNKNOWN},
        "cluster": {"name": "main", "url": UNKNOWN},
    });
    let clusters: BTreeMap<String, Box<dyn Cluster>> =
        BTreeMap::from([("main".to_owned(), Box::new(Paper::new()) as _)]);
    Session {
        platform: Arc::new(Platform { kind: Kind::Embedded, clusters, forge: Box::new(Paper::new()) }),
        actors: workshop.actors.iter().map(context).collect(),
        workshop: workshop.clone(),
        journal_folder: PathBuf::new(),
        values: values.as_object().cloned().unwrap_or_default(),
        operator: Vec::new(),
        recreate: Arc::new(|| Box::pin(async { Ok(()) })),
        events: Events::discard(),
    }
}
