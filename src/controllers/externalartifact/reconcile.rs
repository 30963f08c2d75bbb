//! What an `ExternalArtifact` is told that nobody has written an artifact into.

use async_trait::async_trait;

use crate::controllers::{
    Action, Context, Reconciler,
    gitrepository::MANAGER,
    status::{Conditions, Patcher},
};
use crate::objects::flux::ExternalArtifact;

/// The reason of our own conditions.
const REASON: &str = "NotSupported";

/// The reconciler of `ExternalArtifact`.
pub(super) struct Externals {
    context: Context,
}

impl Externals {
    pub(super) fn new(context: Context) -> Self {
        Self { context }
    }
}

#[async_trait]
impl Reconciler for Externals {
    type Object = ExternalArtifact;

    fn trigger(&self, object: &ExternalArtifact) -> Option<String> {
        let status = object.status.as_ref()?;
        status.artifact.as_ref().map(|artifact| artifact.revision.clone())
    }

    async fn reconcile(&self, object: ExternalArtifact) -> (Action, Option<String>) {
        let trigger = self.trigger(&object);
        let mut status = object.status.clone().unwrap_or_default();
        let mut patcher = Patcher::new(&self.context.client, &object, &status, MANAGER);
        let somebody_writes =
            status.artifact.is_some() || status.conditions.iter().any(|one| one.reason != REASON);
        if somebody_writes {
            status.conditions.retain(|condition| condition.reason != REASON);
        } else {
            let from = object.spec.source_ref.as_ref();
            let from = from.map_or(String::new(), |from| format!(" from {} '{}'", from.kind, from.name));
            let message = format!(
                "this platform has no controller that makes an artifact{from}: use a GitRepository or an \
                 OCIRepository instead"
            );
            let mut conditions =
                Conditions { list: &mut status.conditions, generation: object.metadata.generation };
            conditions.set("Stalled", "True", REASON, &message);
            conditions.set("Ready", "False", REASON, &message);
        }
        match patcher.status(&status).await {
            Ok(()) => (Action::OnChange, trigger),
            Err(_) => (Action::Retry, trigger),
        }
    }
}
