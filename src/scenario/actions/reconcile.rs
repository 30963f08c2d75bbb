//! `reconcile`: asks Flux to look now, and waits until it has.

use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Done;
use crate::scenario::context::Context;
use crate::scenario::error::ActionError;
use crate::scenario::kubernetes::{changes, find_kind, only};
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// The annotation that asks Flux to look. <https://fluxcd.io/flux/components/kustomize/kustomizations/>
const REQUESTED: &str = "reconcile.fluxcd.io/requestedAt";
/// How long Flux may take to see it; a run of its own may be on its way before.
const LIMIT: Duration = Duration::from_secs(120);
/// The API version of Kustomizations.
const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io/v1";
/// The API version of sources.
const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

/// The body: one of the two objects, `<namespace>/<name>`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reconcile {
    /// A Kustomization.
    pub kustomization: Option<Text>,
    /// A `GitRepository`.
    pub git_repository: Option<Text>,
    /// Whether the Kustomization's source is asked first.
    #[serde(default)]
    pub with_source: bool,
}

impl Reconcile {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        [&self.kustomization, &self.git_repository].into_iter().flatten().map(Part::Template).collect()
    }

    /// The command as shown.
    pub(crate) fn shown(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let (words, target) = match (&self.kustomization, &self.git_repository) {
            (Some(target), _) => ("kustomization", target),
            (None, Some(target)) => ("source git", target),
            (None, None) => return Ok("flux reconcile".to_owned()),
        };
        let (namespace, name) = context.object(target)?;
        let source = if self.with_source && self.kustomization.is_some() { " --with-source" } else { "" };
        Ok(format!("flux reconcile {words} {name} -n {namespace}{source}"))
    }

    /// The same for somebody who is to do it, with `kubectl`, which everybody has. Of a push Flux hears by itself.
    pub(crate) fn told(&self, context: &Context<'_>) -> Result<Option<String>, RenderError> {
        let (kind, target) = match (&self.kustomization, &self.git_repository) {
            (Some(_), _) if self.with_source => return Ok(None),
            (Some(target), _) => ("kustomization", target),
            (None, Some(target)) => ("gitrepository", target),
            (None, None) => return Ok(None),
        };
        let (namespace, name) = context.object(target)?;
        let flag = if namespace == context.actor.actor.namespace {
            String::new()
        } else {
            format!(" -n {namespace}")
        };
        let object = format!("{kind}/{name}");
        let request = format!("kubectl{flag} annotate --overwrite {object} {REQUESTED}=\"$(date +%s)\"");
        Ok(Some(format!("# ask Flux to look now, or wait for its interval\n{request}")))
    }

    /// Asks, and waits until Flux has looked. Whether it liked what it saw is for checks to tell.
    pub(crate) async fn perform(&self, context: &Context<'_>) -> Result<Done, ActionError> {
        let client = context.observer().await?;
        if let Some(target) = &self.git_repository {
            let (namespace, name) = context.object(target)?;
            request(&client, SOURCE, "GitRepository", &namespace, &name).await?;
        }
        if let Some(target) = &self.kustomization {
            let (namespace, name) = context.object(target)?;
            if self.with_source {
                let object = get(&client, KUSTOMIZE, "Kustomization", &namespace, &name).await?;
                let source = &object.data["spec"]["sourceRef"];
                let kind = source["kind"].as_str().unwrap_or("GitRepository");
                let place = source["namespace"].as_str().unwrap_or(&namespace);
                request(&client, SOURCE, kind, place, source["name"].as_str().unwrap_or_default()).await?;
            }
            request(&client, KUSTOMIZE, "Kustomization", &namespace, &name).await?;
        }
        Ok(Done::default())
    }
}

async fn api(
    client: &kube::Client,
    api_version: &str,
    kind: &str,
    namespace: &str,
) -> Result<Api<DynamicObject>, ActionError> {
    let found = find_kind(client, api_version, kind).await.map_err(|_| ActionError::UnknownKind {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    })?;
    Ok(found.api(client.clone(), namespace))
}

async fn get(
    client: &kube::Client,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<DynamicObject, ActionError> {
    let object = format!("{kind} {namespace}/{name}");
    let failed = |error| ActionError::Kubernetes { object, verb: "read", source: Box::new(error) };
    api(client, api_version, kind, namespace).await?.get(name).await.map_err(failed)
}

/// Annotates an object and waits until its status names the request.
async fn request(
    client: &kube::Client,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<(), ActionError> {
    let api = api(client, api_version, kind, namespace).await?;
    let object = format!("{kind} {namespace}/{name}");
    let failed = |verb| {
        let object = object.clone();
        move |error| ActionError::Kubernetes { object, verb, source: Box::new(error) }
    };
    let token = jiff::Timestamp::now().to_string();
    let mut changes = changes(api.clone(), only(name));
    let patch = json!({"metadata": {"annotations": {REQUESTED: token}}});
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.map_err(failed("annotated"))?;
    let wait = async {
        loop {
            let seen = api.get(name).await.map_err(failed("read"))?;
            if seen.data["status"]["lastHandledReconcileAt"] == Value::String(token.clone()) {
                return Ok(());
            }
            if changes.next().await.is_none() {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| {
        let expects = format!("Flux looking at {object}");
        Err(ActionError::TimedOut { expects, limit: LIMIT, observed: "no answer to the request".to_owned() })
    })
}
