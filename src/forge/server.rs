//! The forge as its owner sees it: opened on a folder, it gives a router and tells of pushes.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, header};
use serde::Serialize;
use tokio::sync::broadcast;

use super::pages::Sessions;
use super::push::Update;
use super::repository::Repository;
use super::storage::Storage;
use super::webhooks::Webhooks;
use super::{Error, news, pulls};
use crate::accounts::{Packages, Users};

/// Pushes that a slow listener may be behind before it misses some.
const BEHIND: usize = 1024;

/// What a forge needs.
pub struct Config {
    /// Where repositories are kept.
    pub data: PathBuf,
    /// The users, shared with the registry.
    pub users: Arc<Users>,
    /// Host and port in addresses where a request does not name any, such as `forge.atelier.internal:3000`.
    pub name: String,
}

/// A reference that was made, moved or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Push {
    /// `<owner>/<name>`.
    pub repository: String,
    /// The full reference, such as `refs/heads/main`.
    pub reference: String,
    /// The old commit; 40 zeros when the reference was made.
    pub before: String,
    /// The new commit; 40 zeros when the reference was deleted.
    pub after: String,
}

/// What all handlers share.
pub(super) struct Shared {
    pub(super) users: Arc<Users>,
    pub(super) repositories: Storage,
    pub(super) webhooks: Webhooks,
    pub(super) sessions: Sessions,
    pub(super) pushes: broadcast::Sender<Push>,
    /// What the lists of packages are made of; nothing without a registry.
    pub(super) packages: OnceLock<Arc<dyn Packages>>,
    name: String,
}

/// A forge.
#[derive(Clone)]
pub struct Forge {
    shared: Arc<Shared>,
}

impl Forge {
    /// Opens the forge, with what is in its folder.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let Config { data, users, name } = config;
        let folder = data.clone();
        let repositories = tokio::task::spawn_blocking(move || Storage::open(&folder)).await;
        let repositories = repositories
            .map_err(|error| Error::File { path: data, source: std::io::Error::other(error) })??;
        let (pushes, _) = broadcast::channel(BEHIND);
        let packages = OnceLock::new();
        let shared = Shared {
            users,
            repositories,
            webhooks: Webhooks::default(),
            sessions: Sessions::default(),
            pushes,
            name,
            packages,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// All routes of the forge; to be served at the root of a host.
    pub fn router(&self) -> axum::Router {
        super::router::router(self.shared.clone())
    }

    /// Lists what a registry has, from now on. Only the first one given is taken.
    pub fn show_packages(&self, packages: Arc<dyn Packages>) {
        let _ = self.shared.packages.set(packages);
    }

    /// Pushes from now on, as they are taken.
    pub fn pushes(&self) -> broadcast::Receiver<Push> {
        self.shared.pushes.subscribe()
    }
}

impl Shared {
    /// What addresses begin with, as the client knows the forge: several names lead to it.
    pub(super) fn base(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let plain =
            |host: &&str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
        format!("http://{}", host.filter(plain).unwrap_or(&self.name))
    }

    /// Tells everybody of changed references. Called under the repository's lock, so that the order is right.
    pub(super) fn pushed(&self, repository: &Repository, updates: &[Update], pusher: &str, base: &str) {
        let metadata = repository.metadata();
        for update in updates {
            let push = Push {
                repository: metadata.full_name(),
                reference: update.name.clone(),
                before: update.old.to_string(),
                after: update.new.to_string(),
            };
            // Nobody listening is no error.
            let _ = self.pushes.send(push);
            self.webhooks.pushed(self, repository, update, pusher, base);
            news::tell_reference(self, repository, update, pusher, base);
            pulls::follow(self, repository, update, pusher, base);
        }
    }
}
