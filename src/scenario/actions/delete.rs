//! `delete`: objects of the cluster, by name or by labels. Objects that are not there are no error.

use std::collections::BTreeMap;

use kube::api::{DeleteParams, ListParams};
use serde::Deserialize;

use super::Done;
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::kubernetes::find_kind;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::snapshot::ObjectName;

/// The body.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// Such as `apps/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: Text,
    /// Such as `Deployment`.
    pub kind: Text,
    /// The actor's own when nothing is said.
    pub namespace: Option<Text>,
    /// One object.
    pub name: Option<Text>,
    /// All objects with these labels.
    #[serde(default)]
    pub labels: BTreeMap<String, Text>,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
    /// True when it must not be repeated.
    #[serde(default)]
    pub once: bool,
}

impl Delete {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.api_version), Part::Template(&self.kind)];
        parts.extend([&self.namespace, &self.name].into_iter().flatten().map(Part::Template));
        parts.extend(self.labels.values().map(Part::Template));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    fn selector(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let pairs = self.labels.iter().map(|(key, value)| Ok(format!("{key}={}", context.text(value)?)));
        Ok(pairs.collect::<Result<Vec<_>, RenderError>>()?.join(","))
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let kind = context.text(&self.kind)?.to_lowercase();
        let namespace = context.namespace_flag(self.namespace.as_ref())?;
        Ok(match context.optional(self.name.as_ref())? {
            Some(name) => format!("kubectl{namespace} delete {kind} {}", quote(&name)),
            None => format!("kubectl{namespace} delete {kind} -l {}", quote(&self.selector(context)?)),
        })
    }

    /// The object, where it is one.
    pub(crate) fn object(&self, context: &Context<'_>) -> Result<Option<ObjectName>, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let namespace = context.optional(self.namespace.as_ref())?;
        let Some(name) = context.optional(self.name.as_ref())? else { return Ok(None) };
        Ok(Some(ObjectName {
            api_version: context.text(&self.api_version)?,
            kind: context.text(&self.kind)?,
            namespace: namespace.unwrap_or_else(|| actor.actor.namespace.clone()),
            name,
        }))
    }

    /// Deletes the objects.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let client = actor.client().await?;
        let (api_version, kind) = (context.text(&self.api_version)?, context.text(&self.kind)?);
        let found = find_kind(&client, &api_version, &kind).await;
        let found = found.map_err(|_| ActionError::UnknownKind { api_version, kind: kind.clone() })?;
        let namespace = context.optional(self.namespace.as_ref())?;
        let api = found.api(client, namespace.as_deref().unwrap_or(&actor.actor.namespace));
        let names = if let Some(name) = context.optional(self.name.as_ref())? {
            vec![name]
        } else {
            let parameters = ListParams::default().labels(&self.selector(context)?);
            let failed = |error| ActionError::Kubernetes {
                object: kind.clone(),
                verb: "listed",
                source: Box::new(error),
            };
            let list = api.list(&parameters).await.map_err(failed)?;
            list.items.into_iter().filter_map(|object| object.metadata.name).collect()
        };
        let mut lines = Vec::new();
        for name in names {
            match api.delete(&name, &DeleteParams::background()).await {
                Ok(_) => lines.push(format!("{}/{name} deleted", kind.to_lowercase())),
                Err(kube::Error::Api(status)) if status.code == 404 => (),
                Err(error) => {
                    let object = format!("{kind} {name}");
                    return Err(ActionError::Kubernetes { object, verb: "deleted", source: Box::new(error) });
                }
            }
        }
        Ok(Done { unchanged: lines.is_empty(), output: lines.join("\n"), ..Done::default() })
    }
}
