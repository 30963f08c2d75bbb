//! `install`: puts the operator into the cluster, for a workshop whose lab begins without it.

use serde::Deserialize;
use serde_json::Value;

use super::Done;
use super::apply::apply_value;
use crate::scenario::checks::Check;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::runner::wait_for;

/// What is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Install {
    /// Flux.
    Operator,
}

impl Install {
    /// The command as shown.
    pub(crate) fn shown(self) -> String {
        let Self::Operator = self;
        "atelier manifest operator | kubectl apply --server-side -f -".to_owned()
    }

    /// Applies the manifest with the actor's rights, and waits until the operator works.
    pub(crate) async fn perform(self, context: &Context<'_>) -> Result<Done, ActionError> {
        let Self::Operator = self;
        let objects = &context.session.operator;
        if objects.is_empty() {
            let platform = context.session.platform.kind.name();
            return Err(ActionError::Unsupported { what: "`install: operator`".to_owned(), platform });
        }
        let client = context.actor.client().await?;
        let first = |object: &&Value| {
            matches!(object["kind"].as_str(), Some("Namespace" | "CustomResourceDefinition"))
        };
        let rest = objects.iter().filter(|object| !first(object));
        let mut unchanged = true;
        for object in objects.iter().filter(first).chain(rest) {
            let (_, same) = apply_value(&client, "flux-system", "operator", object.clone()).await?;
            unchanged &= same;
        }
        for object in objects.iter().filter(|object| object["kind"] == "Deployment") {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let check = format!(
                "k8s:\n  apiVersion: apps/v1\n  kind: Deployment\n  namespace: flux-system\n  name: {name}\n  \
                 cel: [object.status.observedGeneration == object.metadata.generation, \
                 object.status.availableReplicas >= 1]\n  within: 5m\n"
            );
            let check: Check =
                serde_saphyr::from_str(&check).map_err(|error| ActionError::Body(error.to_string()))?;
            let limit = check.clauses().within();
            if let Err(observed) = wait_for(&check, context).await {
                let expects = format!("Deployment `{name}` of the operator");
                return Err(ActionError::TimedOut { expects, limit, observed });
            }
        }
        Ok(Done { unchanged, ..Done::default() })
    }
}
