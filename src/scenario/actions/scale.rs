//! `scale`: another number of copies, by the `scale` subresource, as `kubectl scale` does it.

use kube::api::{Patch, PatchParams};
use serde::Deserialize;
use serde_json::json;

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
pub struct Scale {
    /// Such as `apps/v1`.
    #[serde(rename = "apiVersion")]
    pub api_version: Text,
    /// Such as `Deployment`.
    pub kind: Text,
    /// The actor's own when nothing is said.
    pub namespace: Option<Text>,
    /// The object.
    pub name: Text,
    /// How many copies.
    pub replicas: u32,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
}

impl Scale {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let texts = [&self.api_version, &self.kind, &self.name];
        let mut parts: Vec<_> = texts.into_iter().chain(&self.namespace).map(Part::Template).collect();
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let kind = context.text(&self.kind)?.to_lowercase();
        let object = quote(&format!("{kind}/{}", context.text(&self.name)?));
        let namespace = context.namespace_flag(self.namespace.as_ref())?;
        Ok(format!("kubectl{namespace} scale {object} --replicas={}", self.replicas))
    }

    /// The object.
    pub(crate) fn object(&self, context: &Context<'_>) -> Result<ObjectName, RenderError> {
        let namespace = context.optional(self.namespace.as_ref())?;
        Ok(ObjectName {
            api_version: context.text(&self.api_version)?,
            kind: context.text(&self.kind)?,
            namespace: namespace.unwrap_or_else(|| context.actor.actor.namespace.clone()),
            name: context.text(&self.name)?,
        })
    }

    /// Sets the number.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let client = actor.client().await?;
        let (api_version, kind) = (context.text(&self.api_version)?, context.text(&self.kind)?);
        let found = find_kind(&client, &api_version, &kind).await;
        let found = found.map_err(|_| ActionError::UnknownKind { api_version, kind: kind.clone() })?;
        let namespace = context.optional(self.namespace.as_ref())?;
        let api = found.api(client, namespace.as_deref().unwrap_or(&actor.actor.namespace));
        let name = context.text(&self.name)?;
        let object = format!("{} {name}", kind.to_lowercase());
        let failed = |verb| {
            let object = object.clone();
            move |error| ActionError::Kubernetes { object, verb, source: Box::new(error) }
        };
        let before = api.get_scale(&name).await.map_err(failed("read"))?;
        if before.spec.and_then(|spec| spec.replicas).map(i64::from) == Some(i64::from(self.replicas)) {
            return Ok(Done { unchanged: true, ..Done::default() });
        }
        let patch: Patch<serde_json::Value> = Patch::Merge(json!({"spec": {"replicas": self.replicas}}));
        api.patch_scale(&name, &PatchParams::default(), &patch).await.map_err(failed("scaled"))?;
        Ok(Done { output: format!("{}/{name} scaled", kind.to_lowercase()), ..Done::default() })
    }
}
