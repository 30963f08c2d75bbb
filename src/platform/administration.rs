//! What set-up does in a forge by Gitea's REST API, as its administrator: users, the organisation, repositories,
//! webhooks. The embedded forge and a real Gitea are set up alike.

use std::path::PathBuf;

use super::files::random;
use super::seed::Seed;
use super::{Actor, Error, Gitea, Repository};
use crate::events::Outcome;

/// The forge's administrator.
pub(super) const ADMINISTRATOR: &str = "administrator";
/// The name of an actor's access token.
const TOKEN: &str = "workshop";
/// The organisation that the administrators of the workshop own.
const ORGANIZATION: &str = "fleet";

/// A forge at an address, as its administrator.
pub(super) struct Administration {
    url: String,
    api: Gitea,
    password: String,
    scratch: PathBuf,
}

impl Administration {
    /// The forge at `url`, whose administrator has this password. First commits are made in the folder `scratch`.
    pub(super) fn new(url: String, password: &str, scratch: PathBuf) -> Self {
        let api = Gitea::with_password(&url, ADMINISTRATOR, password);
        Self { api, url, password: password.to_owned(), scratch }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    pub(super) fn api(&self) -> &Gitea {
        &self.api
    }

    pub(super) async fn ensure_user(
        &self,
        actor: &Actor,
        known: Option<&str>,
    ) -> Result<(Outcome, String), Error> {
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
            .create_token(
                &actor.name,
                TOKEN,
                &["write:repository", "write:issue", "write:user", "write:package"],
            )
            .await?;
        Ok((if existed { Outcome::Updated } else { Outcome::Created }, token))
    }

    async fn ensure_organization(&self, name: &str) -> Result<Outcome, Error> {
        if self.api.has_user(name).await? {
            return Ok(Outcome::Unchanged);
        }
        self.api.create_organization(name).await?;
        Ok(Outcome::Created)
    }

    pub(super) async fn ensure_repository(&self, repository: &Repository) -> Result<Outcome, Error> {
        let (owner, name) = (&repository.owner, &repository.name);
        let mut outcome = Outcome::Unchanged;
        if !self.api.has_repository(owner, name).await? {
            self.api.create_repository(owner, owner == ORGANIZATION, name, repository.private).await?;
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
            seed.push(&repository.files, &repository.protected_branches).await?;
            outcome = Outcome::Created;
        }
        for reader in &repository.readers {
            self.api.add_reader(owner, name, reader).await?;
        }
        let protected = self.ensure_protected_branches(repository, outcome == Outcome::Created).await?;
        Ok(if outcome == Outcome::Created { outcome } else { protected })
    }

    /// Makes the branches that take pull requests only, unless they came with the first commit, and then protects them.
    async fn ensure_protected_branches(
        &self,
        repository: &Repository,
        seeded: bool,
    ) -> Result<Outcome, Error> {
        let (owner, name) = (&repository.owner, &repository.name);
        if repository.protected_branches.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let mut outcome = Outcome::Unchanged;
        let rules = self.api.branch_protections(owner, name).await?;
        for branch in &repository.protected_branches {
            if !seeded && self.api.branch(owner, name, branch).await?.is_none() {
                self.api.create_branch(owner, name, branch, "main").await?;
                outcome = Outcome::Updated;
            }
            if !rules.contains(branch) {
                self.api.protect_branch(owner, name, branch, ADMINISTRATOR).await?;
                outcome = Outcome::Updated;
            }
        }
        Ok(outcome)
    }

    pub(super) async fn ensure_webhook(
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
}
