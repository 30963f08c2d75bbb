//! The embedded forge as the driver sees it: Gitea's REST API at an address, an administrator, a stream of pushes.

use std::path::PathBuf;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::io::AsyncBufReadExt as _;
use tokio_util::io::StreamReader;

use super::folder::random;
use super::{Folder, Ports, Secrets};
use crate::events::Outcome;
use crate::platform::{Actor, Error, Forge, Gitea, Push, Repository, seed::Seed};

/// The forge's administrator.
pub(super) const ADMINISTRATOR: &str = "administrator";
/// The name of an actor's access token.
const TOKEN: &str = "workshop";
/// The organisation that the administrators of the workshop own.
const ORGANIZATION: &str = "fleet";

pub(super) struct EmbeddedForge {
    url: String,
    api: Gitea,
    password: String,
    scratch: PathBuf,
}

impl EmbeddedForge {
    pub(super) fn new(folder: &Folder, ports: Ports, secrets: &Secrets) -> Self {
        let url = format!("http://127.0.0.1:{}", ports.forge);
        let password = secrets.forge_administrator.clone();
        let scratch = folder.join("scratch");
        Self { api: Gitea::with_password(&url, ADMINISTRATOR, &password), url, password, scratch }
    }

    async fn ensure_organization(&self, name: &str) -> Result<Outcome, Error> {
        if self.api.has_user(name).await? {
            return Ok(Outcome::Unchanged);
        }
        self.api.create_organization(name).await?;
        Ok(Outcome::Created)
    }
}

#[async_trait]
impl Forge for EmbeddedForge {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn api(&self) -> &Gitea {
        &self.api
    }

    async fn ensure_user(&self, actor: &Actor, known: Option<&str>) -> Result<(Outcome, String), Error> {
        if let Some(token) = known
            && Gitea::with_token(&self.url, token).login().await?.as_deref() == Some(&actor.name)
        {
            return Ok((Outcome::Unchanged, token.to_owned()));
        }
        let password = random(24);
        let existed = self.api.has_user(&actor.name).await?;
        if existed {
            self.api.set_password(&actor.name, &password).await?;
        } else {
            self.api.create_user(&actor.name, &actor.full_name, &actor.email, &password).await?;
        }
        if actor.administrator {
            self.ensure_organization(ORGANIZATION).await?;
            self.api.add_owner(ORGANIZATION, &actor.name).await?;
        }
        let user = Gitea::with_password(&self.url, &actor.name, &password);
        let token = user
            .create_token(&actor.name, TOKEN, &["write:repository", "write:user", "write:package"])
            .await?;
        Ok((if existed { Outcome::Updated } else { Outcome::Created }, token))
    }

    async fn ensure_repository(&self, repository: &Repository) -> Result<Outcome, Error> {
        let (owner, name) = (&repository.owner, &repository.name);
        let mut outcome = Outcome::Unchanged;
        if !self.api.has_repository(owner, name).await? {
            self.api.create_repository(owner, owner == ORGANIZATION, name).await?;
            outcome = Outcome::Created;
        }
        // A set-up that was killed between the two calls left a repository without a commit.
        if self.api.branches(owner, name).await?.is_empty() {
            let seed = Seed {
                address: format!("{}/{owner}/{name}.git", self.url),
                user: ADMINISTRATOR.to_owned(),
                password: self.password.clone(),
                folder: self.scratch.clone(),
            };
            seed.push(&repository.files).await?;
            outcome = Outcome::Created;
        }
        Ok(outcome)
    }

    async fn ensure_webhook(
        &self,
        owner: &str,
        name: &str,
        url: &str,
        secret: &str,
    ) -> Result<Outcome, Error> {
        if self.api.webhooks(owner, name).await?.iter().any(|known| known == url) {
            return Ok(Outcome::Unchanged);
        }
        self.api.create_webhook(owner, name, url, secret).await?;
        Ok(Outcome::Created)
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error> {
        let unreachable = |source| Error::ForgeUnreachable { url: self.url.clone(), source };
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let request = client.get(format!("{}/api/v1/atelier/pushes", self.url));
        let request = request.basic_auth(ADMINISTRATOR, Some(&self.password));
        let response =
            request.send().await.and_then(reqwest::Response::error_for_status).map_err(unreachable)?;
        let bytes = response.bytes_stream().map(|chunk| chunk.map_err(std::io::Error::other));
        let lines = Box::pin(StreamReader::new(bytes)).lines();
        let lines = futures::stream::unfold(lines, async |mut lines| match lines.next_line().await {
            Ok(Some(line)) => Some((line, lines)),
            _ => None,
        });
        // The first line and the ones that keep the connection alive hold no push.
        Ok(lines.filter_map(async |line| serde_json::from_str(&line).ok()).boxed())
    }
}
