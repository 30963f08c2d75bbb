//! `operator`: Flux is installed by applying its manifest, and ready when its Deployments are available.

use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::Value;

use crate::events::{Event, Outcome};
use crate::lab::{Context, Error, Stage, State};
use crate::platform::{kubernetes_words, open};

/// Who applies the manifest.
const MANAGER: &str = "atelier";
/// Where the operator lives.
const NAMESPACE: &str = "flux-system";
/// How long its Deployments may take.
const LIMIT: Duration = Duration::from_secs(300);

pub(in crate::lab) struct Operator;

#[async_trait]
impl Stage for Operator {
    fn name(&self) -> &'static str {
        "operator"
    }

    fn after(&self) -> &'static [&'static str] {
        &["server"]
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let client =
            open(context.material.spec.platform, &context.folder.platform())?.cluster().client().await?;
        let found = Api::<Deployment>::namespaced(client, NAMESPACE).list(&ListParams::default()).await;
        let found = found.map_err(|source| refused("deployments", source))?.items;
        Ok(match found.iter().filter(|deployment| available(deployment)).count() {
            _ if found.is_empty() => State::Absent,
            count if count == found.len() => State::Ready,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let client =
            open(context.material.spec.platform, &context.folder.platform())?.cluster().client().await?;
        let mut whole = Outcome::Unchanged;
        for object in &context.material.operator {
            whole = whole.and(apply(&client, object).await?);
        }
        let names = wait_available(&client, context).await?;
        Ok((whole, names.join(", ")))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // It goes with the cluster.
        Ok(Outcome::Unchanged)
    }
}

/// Applies one object server-side and tells by its resourceVersion whether that changed anything.
pub(super) async fn apply(client: &kube::Client, object: &Value) -> Result<Outcome, Error> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    let shown = format!("{kind}/{name}");
    let types = TypeMeta { api_version: text("/apiVersion"), kind };
    let failed = |source| refused(&shown, source);
    let kind = GroupVersionKind::try_from(&types).map_err(|source| {
        failed(kube::Error::Discovery(kube::error::DiscoveryError::MissingKind(source.to_string())))
    })?;
    // The kinds of the manifest are regular, so that their plural can be formed without asking.
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), &namespace, &resource)
    };
    let before = api.get_metadata_opt(&name).await.map_err(failed)?;
    let after = api
        .patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await
        .map_err(failed)?;
    Ok(match before {
        None => Outcome::Created,
        Some(before) if before.metadata.resource_version == after.metadata.resource_version => {
            Outcome::Unchanged
        }
        Some(_) => Outcome::Updated,
    })
}

/// Watches the operator's Deployments until all are available; their names.
async fn wait_available(client: &kube::Client, context: &Context) -> Result<Vec<String>, Error> {
    let wanted = context.material.operator.iter().filter(|object| object["kind"] == "Deployment");
    let wanted = wanted
        .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
        .collect::<Vec<_>>();
    let waits_for = format!("Deployments {} of {NAMESPACE} are available", wanted.join(", "));
    let stage = "operator".to_owned();
    context.events.send(Event::StageWaiting { stage, waits_for: waits_for.clone() });
    let api = Api::<Deployment>::namespaced(client.clone(), NAMESPACE);
    let mut seen = std::collections::BTreeMap::new();
    let mut changes = watcher(api, watcher::Config::default()).default_backoff().applied_objects().boxed();
    let watch = async {
        while wanted.iter().any(|name| seen.get(name) != Some(&true)) {
            match changes.try_next().await {
                Ok(Some(deployment)) => {
                    let up = available(&deployment);
                    seen.insert(deployment.metadata.name.unwrap_or_default(), up);
                }
                // The watcher starts again by itself after an error.
                Ok(None) => break,
                Err(_) => {}
            }
        }
    };
    if tokio::time::timeout(LIMIT, watch).await.is_ok() {
        return Ok(wanted);
    }
    let late = wanted.iter().filter(|name| seen.get(*name) != Some(&true));
    let observed = late.map(|name| format!("{name} is not available")).collect::<Vec<_>>().join(", ");
    Err(Error::TimedOut { waits_for, seconds: LIMIT.as_secs(), observed })
}

fn available(deployment: &Deployment) -> bool {
    let status = deployment.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation) >= deployment.metadata.generation;
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    observed
        && conditions.iter().any(|condition| condition.type_ == "Available" && condition.status == "True")
}

fn refused(object: &str, source: kube::Error) -> Error {
    Error::Kubernetes { object: object.to_owned(), message: kubernetes_words(&source) }
}
