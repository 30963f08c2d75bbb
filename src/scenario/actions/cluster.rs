//! `cluster`: the cluster is lost and made anew. Forge and registry stay as they are; what is in Git comes back.

use serde::Deserialize;

use super::Done;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;

/// What is done with the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cluster {
    /// It is lost, and an empty one takes its place.
    Recreate,
}

impl Cluster {
    /// The command as shown.
    pub(crate) fn shown(self) -> String {
        let Self::Recreate = self;
        "atelier recreate cluster".to_owned()
    }

    /// Loses it and makes it anew.
    pub(crate) async fn perform(self, context: &Context<'_>) -> Result<Done, ActionError> {
        let Self::Recreate = self;
        (context.session.recreate)().await.map_err(ActionError::Body)?;
        Ok(Done::default())
    }
}
