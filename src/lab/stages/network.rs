//! `network`: the lab's own network in the engine. Only the k3d platform's plan has it.

use async_trait::async_trait;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::Part;

pub(in crate::lab) struct Network;

#[async_trait]
impl Stage for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn after(&self) -> &'static [&'static str] {
        &["preflight"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let there = context.site().await?.probe_network().await?;
        Ok(if there { State::Ready } else { State::Absent })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        Ok(context.site().await?.ensure_network().await?)
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        context.remove_part(Part::Network).await
    }
}
