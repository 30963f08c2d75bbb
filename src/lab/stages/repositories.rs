//! `repositories`: the organisation and the repositories that the workshop lists, each with its first commit.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::open;

pub(in crate::lab) struct Repositories;

#[async_trait]
impl Stage for Repositories {
    fn name(&self) -> &'static str {
        "repositories"
    }

    fn after(&self) -> &'static [&'static str] {
        &["actors"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let platform = open(context.material.spec.platform, &context.folder.platform())?;
        let repositories = &context.material.repositories;
        let mut found = 0;
        for repository in repositories {
            found +=
                usize::from(platform.forge.api().has_repository(&repository.owner, &repository.name).await?);
        }
        Ok(match found {
            _ if found == repositories.len() => State::Ready,
            0 => State::Absent,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let platform = open(context.material.spec.platform, &context.folder.platform())?;
        let (mut whole, mut names) = (Outcome::Unchanged, Vec::new());
        for repository in &context.material.repositories {
            whole = whole.and(platform.forge.ensure_repository(repository).await?);
            names.push(format!("{}/{}", repository.owner, repository.name));
        }
        Ok((whole, names.join(", ")))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // They go with the forge.
        Ok(Outcome::Unchanged)
    }
}
