//! The embedded forge as the driver sees it: Gitea's REST API at an address, an administrator, a stream of pushes.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::io::AsyncBufReadExt as _;
use tokio_util::io::StreamReader;

use super::{Folder, Ports, Secrets};
use crate::events::Outcome;
use crate::platform::administration::{ADMINISTRATOR, Administration};
use crate::platform::{Actor, Error, Forge, Gitea, Push, Repository};

pub(super) struct EmbeddedForge(Administration);

impl EmbeddedForge {
    pub(super) fn new(folder: &Folder, ports: Ports, secrets: &Secrets) -> Self {
        let url = format!("http://127.0.0.1:{}", ports.forge);
        Self(Administration::new(url, &secrets.forge_administrator, folder.join("scratch")))
    }
}

#[async_trait]
impl Forge for EmbeddedForge {
    fn url(&self) -> String {
        self.0.url().to_owned()
    }

    fn api(&self) -> &Gitea {
        self.0.api()
    }

    async fn ensure_user(&self, actor: &Actor, known: Option<&str>) -> Result<(Outcome, String), Error> {
        self.0.ensure_user(actor, known).await
    }

    async fn ensure_repository(&self, repository: &Repository) -> Result<Outcome, Error> {
        self.0.ensure_repository(repository).await
    }

    async fn ensure_webhook(
        &self,
        owner: &str,
        name: &str,
        url: &str,
        secret: &str,
    ) -> Result<Outcome, Error> {
        self.0.ensure_webhook(owner, name, url, secret).await
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, Error> {
        let unreachable = |source| Error::ForgeUnreachable { url: self.url(), source };
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let request = client.get(format!("{}/api/v1/atelier/pushes", self.0.url()));
        let request = request.basic_auth(ADMINISTRATOR, Some(self.0.password()));
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
