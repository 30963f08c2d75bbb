//! `forge`: the Gitea container of the k3d platform. Only that platform's plan has it.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::Part;

pub(in crate::lab) struct Forge;

#[async_trait]
impl Stage for Forge {
    fn name(&self) -> &'static str {
        "forge"
    }

    fn after(&self) -> &'static [&'static str] {
        &["network"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        Ok(match context.site().await?.probe_forge().await? {
            Some(true) => State::Ready,
            Some(false) => State::Incomplete,
            None => State::Absent,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        Ok(context.site().await?.ensure_forge(&context.tell("forge")).await?)
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        context.remove_part(Part::Forge).await
    }
}
