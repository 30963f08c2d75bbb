//! The registry as its owner sees it: opened on a folder, it gives a router.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::Error;
use super::storage::Storage;
use super::token::Signer;
use super::uploads::Upload;
use crate::accounts::Users;

/// What a registry needs.
pub struct Config {
    /// Where content is kept.
    pub data: PathBuf,
    /// The users, shared with the forge.
    pub users: Arc<Users>,
    /// Host and port in addresses where a request does not name any.
    pub name: String,
}

/// What all handlers share.
pub(super) struct Shared {
    pub(super) users: Arc<Users>,
    pub(super) storage: Storage,
    pub(super) signer: Signer,
    pub(super) uploads: Mutex<HashMap<String, Upload>>,
    pub(super) name: String,
}

/// A registry.
#[derive(Clone)]
pub struct Registry {
    pub(super) shared: Arc<Shared>,
}

impl Registry {
    /// Opens the registry, with what is in its folder.
    pub async fn open(config: Config) -> Result<Self, Error> {
        let Config { data, users, name } = config;
        let folder = data.clone();
        let storage = tokio::task::spawn_blocking(move || Storage::open(&folder)).await;
        let storage =
            storage.map_err(|error| Error { path: data, source: std::io::Error::other(error) })??;
        let shared = Shared { users, storage, signer: Signer::new(), uploads: Mutex::default(), name };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// All routes of the registry, which begin with `/v2`; to be merged with the forge's.
    pub fn router(&self) -> axum::Router {
        super::router::router(self.shared.clone())
    }
}
