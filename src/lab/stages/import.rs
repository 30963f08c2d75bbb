//! `import` and `operator-import`: the workshop's and the operator's images come into the clusters' nodes, from the
//! moment when these run containers. Only the k3d platform's plan has them.

use async_trait::async_trait;
use futures::future::try_join_all;

use super::images::{Choose, operator, workshop};
use crate::events::Outcome;
use crate::lab::{Context, Error, Stage, State};
use crate::platform::k3d::Site;

pub(in crate::lab) struct Import {
    name: &'static str,
    after: &'static [&'static str],
    wanted: Choose,
    /// Whether what k3s itself needs comes with it, where nodes can pull nothing.
    add_ons: bool,
}

impl Import {
    pub(in crate::lab) const WORKSHOP: Self =
        Self { name: "import", after: &["network", "images"], wanted: workshop, add_ons: true };
    /// Two imports at one time end badly in the nodes; the operator's goes first, since more waits for it.
    pub(in crate::lab) const WORKSHOP_LAST: Self =
        Self { name: "import", after: &["images", "operator-import"], wanted: workshop, add_ons: false };
    pub(in crate::lab) const OPERATOR: Self = Self {
        name: "operator-import",
        after: &["network", "operator-images"],
        wanted: operator,
        add_ons: true,
    };

    fn references(&self, context: &Context, site: &Site) -> Result<Vec<String>, Error> {
        let wanted = (self.wanted)(context, site)?.into_iter().map(|wanted| wanted.reference);
        let add_ons = if self.add_ons { site.add_ons() } else { &[] };
        Ok(add_ons.iter().cloned().chain(wanted).collect())
    }
}

#[async_trait]
impl Stage for Import {
    fn name(&self) -> &'static str {
        self.name
    }

    fn after(&self) -> &'static [&'static str] {
        self.after
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let site = context.site().await?;
        let wanted = self.references(context, &site)?;
        let missing =
            try_join_all(site.clusters().iter().map(|name| site.missing_in(name, self.name, &wanted)))
                .await?;
        Ok(match missing.iter().map(Vec::len).sum::<usize>() {
            0 => State::Ready,
            count if count == wanted.len() * missing.len() => State::Absent,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let site = context.site().await?;
        let tell = context.tell(self.name);
        let wanted = self.references(context, &site)?;
        let signals = &context.signals;
        signals.wait(signals.nodes.cancelled()).await?;
        let into_all = async || {
            let each = site.clusters().iter().map(async |name| {
                site.wait_nodes(name, &tell).await?;
                site.ensure_imported(name, self.name, &wanted, &tell).await
            });
            Ok::<_, Error>(try_join_all(each).await?.into_iter().fold(Outcome::Unchanged, Outcome::and))
        };
        // A node that goes again, since k3d begins anew, is no failure yet.
        let early = tokio::select! {
            early = into_all() => early.unwrap_or(Outcome::Unchanged),
            () = signals.failed.cancelled() => return Err(Error::Abandoned),
        };
        signals.wait(signals.clusters.cancelled()).await?;
        let whole = early.and(into_all().await?);
        Ok((whole, format!("{} images in every node", wanted.len())))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // They go with the nodes.
        Ok(Outcome::Unchanged)
    }
}
