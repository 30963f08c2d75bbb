//! `forge`: a Gitea in a container, with a volume of its own. Inside the lab it is [`FORGE_HOST`]; on this machine
//! it is a port of 127.0.0.1, chosen free at first and kept.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use reqwest::Method;
use serde_json::Value;

use super::engine::{Container, ContainerSpec};
use super::site::{Tell, free_port, says_port_busy};
use super::{Engine, Error, Folder, Site};
use crate::events::Outcome;
use crate::platform::administration::{ADMINISTRATOR, Administration};
use crate::platform::{self, Actor, FORGE_HOST, Forge, Gitea, Push, Repository};

/// Gitea's port inside.
const PORT: u16 = 3000;
/// How long Gitea may take to answer.
const LIMIT: Duration = Duration::from_secs(120);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks at what cannot be watched.
const LOOK: Duration = Duration::from_millis(150);
/// A free port can be taken by somebody else before the engine takes it.
const PORT_ATTEMPTS: u32 = 5;
/// A Gitea tells nobody of pushes but webhooks, so its repositories are looked at this often.
const PUSH_LOOK: Duration = Duration::from_secs(1);

impl Site {
    /// Whether the forge's container runs; nothing when there is none.
    pub async fn probe_forge(&self) -> Result<Option<bool>, platform::Error> {
        let found = self.engine.container(&self.names.forge()).await?;
        let ours = found.filter(|found| self.must_be_ours("", &found.labels).is_ok());
        Ok(ours.map(|found| found.running))
    }

    /// Makes the forge and its administrator, and waits until it answers.
    pub async fn ensure_forge(&self, tell: Tell<'_>) -> Result<(Outcome, String), platform::Error> {
        let name = self.names.forge();
        self.ensure_pulled(&self.settings.gitea, tell).await?;
        let image = self.settings.local(&self.settings.gitea);
        let found = self.engine.container(&name).await?;
        if let Some(found) = &found {
            self.must_be_ours(&format!("container `{name}`"), &found.labels)?;
        }
        let mut outcome = match found {
            Some(found) if found.image == image => self.start_forge(&found).await?,
            Some(found) => {
                self.engine.remove_container(&found.id).await?;
                self.create_forge(&image).await?;
                Outcome::Updated
            }
            None => {
                self.create_forge(&image).await?;
                Outcome::Created
            }
        };
        let port = self.engine.published(&name, PORT).await?.unwrap_or_default();
        if self.folder.forge_port()? != Some(port) {
            self.folder.keep_forge_port(port)?;
        }
        let url = format!("http://127.0.0.1:{port}");
        tell(format!("the forge at {url} answers"));
        self.wait_forge(&url, &name).await?;
        outcome = outcome.and(self.ensure_administrator(&url, &name).await?);
        Ok((outcome, url))
    }

    async fn start_forge(&self, found: &Container) -> Result<Outcome, platform::Error> {
        if found.running {
            return Ok(Outcome::Unchanged);
        }
        match self.engine.start_container(&found.id).await {
            Ok(()) => Ok(Outcome::Updated),
            Err(error) if says_port_busy(error.message()) => {
                let port = self.engine.published(&found.id, PORT).await?.unwrap_or_default();
                Err(port_taken(port, "forge"))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn create_forge(&self, image: &str) -> Result<(), platform::Error> {
        let name = self.names.forge();
        let addresses = self.folder.addresses()?.ok_or(Error::NoSubnet)?;
        match self.engine.volume(&name).await? {
            Some(labels) => self.must_be_ours(&format!("volume `{name}`"), &labels)?,
            None => self.engine.create_volume(&name, self.labels("forge")).await?,
        }
        let known = self.folder.forge_port()?;
        for attempt in 1.. {
            let port = known.map_or_else(free_port, Ok)?;
            let spec = ContainerSpec {
                name: &name,
                image,
                environment: environment(),
                labels: self.labels("forge"),
                volumes: vec![format!("{name}:/data")],
                network: &self.names.network(),
                address: &addresses.forge,
                aliases: forge_aliases(),
                port: (PORT, port),
            };
            let id = self.engine.create_container(spec).await?;
            match self.engine.start_container(&id).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    // A container that cannot start must not keep its name.
                    self.engine.remove_container(&id).await?;
                    match (says_port_busy(error.message()), known) {
                        (true, None) if attempt < PORT_ATTEMPTS => {}
                        (true, _) => return Err(port_taken(port, "forge")),
                        (false, _) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }

    async fn wait_forge(&self, url: &str, name: &str) -> Result<(), platform::Error> {
        let gitea = Gitea::with_token(url, "");
        let begin = Instant::now();
        loop {
            // The API says 401 to a wrong token as soon as it works; its version is for everybody.
            // What begins to listen may take a connection and forget it.
            let observed = match tokio::time::timeout(ANSWER_LIMIT, gitea.version()).await {
                Ok(Ok(_) | Err(platform::Error::ForgeRefused { status: 401 | 403, .. })) => return Ok(()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", ANSWER_LIMIT.as_secs()),
            };
            let container = self.engine.container(name).await?;
            let ended = !container.is_some_and(|container| container.running);
            if ended || begin.elapsed() > LIMIT {
                let log = self.engine.logs(name, 5).await.unwrap_or_default();
                let state = if ended { "its container has ended".to_owned() } else { observed };
                return Err(Error::TimedOut {
                    waits_for: format!("the forge at {url} answers"),
                    seconds: begin.elapsed().as_secs(),
                    observed: format!("{state}; its log ends with: {}", log.trim()),
                }
                .into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The administrator is made by Gitea's own command, and gets the lab's password when it has another one.
    async fn ensure_administrator(&self, url: &str, container: &str) -> Result<Outcome, platform::Error> {
        let password = self.folder.forge_password()?;
        let gitea = Gitea::with_password(url, ADMINISTRATOR, &password);
        if gitea.login().await?.is_some() {
            return Ok(Outcome::Unchanged);
        }
        let email = format!("{ADMINISTRATOR}@atelier.internal");
        let create =
            ["create", "--admin", "--email", &email, "--username", ADMINISTRATOR, "--password", &password];
        let made = self.gitea(container, &create).await?;
        if made.is_none() {
            return Ok(Outcome::Created);
        }
        let change = ["change-password", "--username", ADMINISTRATOR, "--password", &password];
        match self.gitea(container, &change).await? {
            None => Ok(Outcome::Updated),
            Some(error) => Err(made.unwrap_or(error).into()),
        }
    }

    /// Runs `gitea admin user …` as Gitea's own user. Its refusal is a value, and holds no password.
    async fn gitea(&self, container: &str, words: &[&str]) -> Result<Option<Error>, Error> {
        let command = ["gitea", "admin", "user"].iter().chain(words).chain(&["--must-change-password=false"]);
        let command = command.copied().collect::<Vec<_>>();
        let done = self.engine.execute(container, Some("git"), &command).await?;
        if done.code == 0 {
            return Ok(None);
        }
        let lines = done.output.trim().lines().collect::<Vec<_>>();
        Ok(Some(Error::Inside {
            command: format!("gitea admin user {}", words[0]),
            container: container.to_owned(),
            code: done.code,
            output: lines[lines.len().saturating_sub(3)..].join("; "),
        }))
    }
}

/// The forge's names in the lab's network.
pub(super) fn forge_aliases() -> Vec<String> {
    vec![FORGE_HOST.split(':').next().unwrap_or_default().to_owned()]
}

pub(super) fn port_taken(port: u16, what: &str) -> platform::Error {
    platform::Error::PortTaken { port, what: what.to_owned(), source: std::io::ErrorKind::AddrInUse.into() }
}

/// The official image turns `GITEA__section__KEY` into its configuration.
/// <https://docs.gitea.com/administration/config-cheat-sheet>
fn environment() -> Vec<String> {
    let host = FORGE_HOST.split(':').next().unwrap_or_default();
    [
        ("server__DOMAIN", host),
        ("server__ROOT_URL", &format!("http://{FORGE_HOST}/")),
        // Links lead back to where the person came from: the published port.
        ("server__PUBLIC_URL_DETECTION", "auto"),
        ("server__HTTP_PORT", "3000"),
        ("server__DISABLE_SSH", "true"),
        ("server__OFFLINE_MODE", "true"),
        ("database__DB_TYPE", "sqlite3"),
        ("security__INSTALL_LOCK", "true"),
        ("service__DISABLE_REGISTRATION", "true"),
        ("repository__DEFAULT_BRANCH", "main"),
        // Receivers are on the nodes, whose addresses are private.
        ("webhook__ALLOWED_HOST_LIST", "private"),
        ("cron__ENABLED", "false"),
        ("log__LEVEL", "Warn"),
    ]
    .map(|(name, value)| format!("GITEA__{name}={value}"))
    .to_vec()
}

/// The forge as the driver sees it.
pub(super) struct K3dForge {
    administration: Administration,
    folder: Folder,
    port: u16,
}

impl K3dForge {
    pub(super) fn new(port: u16, password: &str, folder: &Folder) -> Self {
        let url = format!("http://127.0.0.1:{port}");
        let administration = Administration::new(url, password, folder.join("scratch"));
        Self { administration, folder: folder.clone(), port }
    }
}

#[async_trait]
impl Forge for K3dForge {
    fn url(&self) -> String {
        self.administration.url().to_owned()
    }

    fn api(&self) -> &Gitea {
        self.administration.api()
    }

    async fn ensure_user(
        &self,
        actor: &Actor,
        known: Option<&str>,
    ) -> Result<(Outcome, String), platform::Error> {
        self.administration.ensure_user(actor, known).await
    }

    async fn ensure_repository(&self, repository: &Repository) -> Result<Outcome, platform::Error> {
        self.administration.ensure_repository(repository).await
    }

    async fn ensure_webhook(
        &self,
        owner: &str,
        name: &str,
        url: &str,
        secret: &str,
    ) -> Result<Outcome, platform::Error> {
        self.administration.ensure_webhook(owner, name, url, secret).await
    }

    async fn pushes(&self) -> Result<BoxStream<'static, Push>, platform::Error> {
        let mut looker =
            Looker { api: self.administration.api().clone(), seen: Heads::new(), times: Heads::new() };
        looker.look().await?;
        let ticks = futures::stream::unfold(looker, async |mut looker| {
            loop {
                tokio::time::sleep(PUSH_LOOK).await;
                // A forge that is away for a moment (a laptop asleep) is not the end.
                match looker.look().await {
                    Ok(pushes) if pushes.is_empty() => {}
                    Ok(pushes) => return Some((futures::stream::iter(pushes), looker)),
                    Err(platform::Error::ForgeUnreachable { .. }) => return None,
                    Err(_) => {}
                }
            }
        });
        Ok(ticks.flatten().boxed())
    }

    async fn publish(&self, image: &str) -> Result<bool, platform::Error> {
        let Some(record) = self.folder.record()? else { return Ok(false) };
        let engine = Engine::open(&record.engine).await?;
        let known = record.settings.local(&format!("{FORGE_HOST}/{image}"));
        if engine.image(&known).await?.is_none() {
            return Ok(false);
        }
        // Engines push to a registry on this machine without TLS, by the name that says where it is.
        let there = format!("127.0.0.1:{}/{image}", self.port);
        engine.tag(&known, &there).await?;
        let pushed = engine.push(&there, ADMINISTRATOR, self.administration.password()).await;
        engine.remove_image(&there).await?;
        Ok(pushed.map(|()| true)?)
    }
}

type Heads = std::collections::BTreeMap<(String, String), String>;

/// Tells pushes by comparing branches with those of the last look.
struct Looker {
    api: Gitea,
    seen: Heads,
    /// When each repository was last changed; others need not be looked at.
    times: Heads,
}

impl Looker {
    async fn look(&mut self) -> Result<Vec<Push>, platform::Error> {
        let found =
            self.api.send(Method::GET, "/repos/search?limit=50&sort=updated&order=desc", None).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut pushes = Vec::new();
        for repository in found["data"].as_array().into_iter().flatten() {
            let (name, time) = (text(&repository["full_name"]), text(&repository["updated_at"]));
            let key = (name.clone(), String::new());
            // The time has whole seconds: a repository changed in this second may change again in it.
            let recent = within_seconds(&time, 3);
            if self.times.insert(key, time.clone()).as_ref() == Some(&time) && !recent {
                continue;
            }
            let Some((owner, short)) = name.split_once('/') else { continue };
            for branch in self.api.branches(owner, short).await? {
                let key = (name.clone(), branch.name.clone());
                if self.seen.insert(key, branch.commit.clone()).as_ref() != Some(&branch.commit) {
                    let reference = format!("refs/heads/{}", branch.name);
                    pushes.push(Push { repository: name.clone(), reference, after: branch.commit });
                }
            }
        }
        Ok(pushes)
    }
}

/// Whether a time of the forge's is at most that many seconds ago.
fn within_seconds(time: &str, seconds: i64) -> bool {
    let Ok(time) = time.parse::<jiff::Timestamp>() else { return true };
    jiff::Timestamp::now().as_second() - time.as_second() <= seconds
}
