//! `cluster`: the k3s clusters of the k3d platform. Only that platform's plan has it.

use async_trait::async_trait;
use futures::future::try_join_all;

use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::Part;

pub(in crate::lab) struct Cluster;

#[async_trait]
impl Stage for Cluster {
    fn name(&self) -> &'static str {
        "cluster"
    }

    fn after(&self) -> &'static [&'static str] {
        &["network"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let site = context.site().await?;
        let clusters = try_join_all(site.clusters().iter().map(|name| site.probe_cluster(name))).await?;
        Ok(match clusters.iter().flatten().collect::<Vec<_>>() {
            found if found.is_empty() => State::Absent,
            found if found.len() == clusters.len() && found.iter().all(|&&runs| runs) => State::Ready,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let site = context.site().await?;
        let tell = context.tell("cluster");
        try_join_all(site.clusters().iter().map(|name| site.clear_half_made(name))).await?;
        context.signals.nodes.cancel();
        let made = try_join_all(site.clusters().iter().map(|name| site.ensure_cluster(name, &tell))).await?;
        context.signals.clusters.cancel();
        let whole = made.iter().fold(Outcome::Unchanged, |whole, (outcome, _)| whole.and(*outcome));
        let urls = made.into_iter().map(|(_, url)| url).collect::<Vec<_>>().join(", ");
        Ok((whole, urls))
    }

    async fn remove(&self, context: &Context) -> Result<Outcome, Error> {
        context.remove_part(Part::Clusters).await
    }
}
