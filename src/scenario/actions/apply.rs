//! `apply`: manifests, by server-side apply.

use kube::api::{DynamicObject, Patch, PatchParams};
use serde::Deserialize;
use serde_json::Value;

use super::Done;
use super::commit::read_files;
use crate::process::quote;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::kubernetes::find_kind;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;
use crate::scenario::snapshot::ObjectName;

/// The field manager of everything that is applied here.
const MANAGER: &str = "atelier";
/// The most objects of one `apply`.
const COUNT_LIMIT: usize = 500;

/// The body.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// A file or folder beside the scenario.
    pub from: Option<Text>,
    /// The manifests themselves, a template.
    pub content: Option<Text>,
    /// True when `from` is rendered.
    #[serde(default)]
    pub template: bool,
    /// Another actor than the track's.
    #[serde(rename = "as")]
    pub actor: Option<Text>,
}

impl Apply {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts: Vec<_> = self.content.iter().map(Part::Template).collect();
        parts.extend(self.from.as_ref().map(Part::File));
        parts.extend(self.actor.as_ref().map(Part::Actor));
        parts
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let from = context.optional(self.from.as_ref())?;
        let file =
            from.as_deref().and_then(|from| from.trim_end_matches('/').rsplit('/').next()).unwrap_or("-");
        Ok(format!("kubectl apply --server-side -f {}", quote(file)))
    }

    /// The same for somebody who is to do it: with the manifests.
    pub(crate) fn told(&self, context: &Context<'_>) -> Result<String, ActionError> {
        let shown = self.shown(context)?;
        let manifests = self.manifests(context)?;
        let texts = manifests.iter().map(|(_, text)| text.trim_end()).collect::<Vec<_>>().join("\n---\n");
        if self.from.is_some() {
            return Ok(shown);
        }
        let texts: String = texts.lines().flat_map(|line| ["\n  ", line]).collect();
        Ok(format!("{shown}\n# with this as its input:{texts}"))
    }

    /// The objects that it names.
    pub(crate) fn objects(&self, context: &Context<'_>) -> Result<Vec<ObjectName>, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let mut names = Vec::new();
        for (file, text) in self.manifests(context)? {
            let found = documents(&file, &text)?;
            names.extend(found.iter().map(|object| ObjectName::of(object, &actor.actor.namespace)));
        }
        Ok(names)
    }

    fn manifests(&self, context: &Context<'_>) -> Result<Vec<(String, String)>, ActionError> {
        let mut texts = Vec::new();
        if let Some(content) = context.optional(self.content.as_ref())? {
            texts.push(("content".to_owned(), content));
        }
        if let Some(from) = &self.from {
            for (path, content) in read_files(context, from, self.template)? {
                let name = if path.is_empty() { from.value.clone() } else { path };
                texts.push((name, String::from_utf8_lossy(&content).into_owned()));
            }
        }
        Ok(texts)
    }

    /// Applies the manifests, in order.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let actor = context.actor(self.actor.as_ref())?;
        let client = actor.client().await?;
        let mut lines = Vec::new();
        let mut unchanged = true;
        for (file, text) in self.manifests(context)? {
            for manifest in documents(&file, &text)? {
                let (line, same) = apply_value(&client, &actor.actor.namespace, &file, manifest).await?;
                lines.push(line);
                unchanged &= same;
            }
        }
        Ok(Done { unchanged, output: lines.join("\n"), ..Done::default() })
    }
}

fn documents(file: &str, text: &str) -> Result<Vec<Value>, ActionError> {
    let wrong = |reason: String| ActionError::Manifest { file: file.to_owned(), reason };
    let first =
        |error: serde_saphyr::Error| error.without_snippet().to_string().lines().next().map(str::to_owned);
    let read = serde_saphyr::from_multiple::<Value>(text);
    let found = read.map_err(|error| wrong(first(error).unwrap_or_default()))?;
    if found.len() > COUNT_LIMIT {
        return Err(wrong(format!("{} objects, and at most {COUNT_LIMIT} are applied", found.len())));
    }
    Ok(found.into_iter().filter(|document| !document.is_null()).collect())
}

/// Applies one object, and says whether that changed nothing.
pub(super) async fn apply_value(
    client: &kube::Client,
    home: &str,
    file: &str,
    manifest: Value,
) -> Result<(String, bool), ActionError> {
    let wrong = |reason: String| ActionError::Manifest { file: file.to_owned(), reason };
    let object: DynamicObject = serde_json::from_value(manifest).map_err(|error| wrong(error.to_string()))?;
    let types = object.types.clone().ok_or_else(|| wrong("no `apiVersion` and `kind`".to_owned()))?;
    let name = object.metadata.name.clone().ok_or_else(|| wrong("no `metadata.name`".to_owned()))?;
    let kind = find_kind(client, &types.api_version, &types.kind).await.map_err(|_| {
        ActionError::UnknownKind { api_version: types.api_version.clone(), kind: types.kind.clone() }
    })?;
    let api = kind.api(client.clone(), object.metadata.namespace.as_deref().unwrap_or(home));
    let shown = format!("{}/{name}", types.kind.to_lowercase());
    let failed = |verb| {
        let object = shown.clone();
        move |error| ActionError::Kubernetes { object, verb, source: Box::new(error) }
    };
    let before = api.get_opt(&name).await.map_err(failed("read"))?;
    let parameters = PatchParams::apply(MANAGER).force();
    let after = api.patch(&name, &parameters, &Patch::Apply(&object)).await.map_err(failed("applied"))?;
    let same =
        before.is_some_and(|before| before.metadata.resource_version == after.metadata.resource_version);
    Ok((format!("{shown} {}", if same { "unchanged" } else { "applied" }), same))
}
