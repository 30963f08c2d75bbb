//! `definitions` and `operator`: Flux is installed by applying its manifest, and ready when its Deployments are
//! available. Two stages, since everything but the Deployments can be applied before the nodes have the images: a Pod
//! that comes before its image waits ten seconds for the next look (Kubernetes: `ImagePullBackOff`).

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind, TypeMeta};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::Value;

use crate::events::{Event, Outcome};
use crate::lab::{Context, Error, Stage, State};
use crate::platform::{Kind, kubernetes_words, open};

/// Who applies the manifest.
const MANAGER: &str = "atelier";
/// Where the operator lives.
const NAMESPACE: &str = "flux-system";
/// How long its Deployments may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How many objects are applied at a time.
const AT_ONCE: usize = 8;

/// Everything of the operator but its Deployments.
pub(in crate::lab) struct Definitions {
    /// The stages that the platform's plan has before it.
    pub(in crate::lab) after: &'static [&'static str],
}

/// The operator's Deployments.
pub(in crate::lab) struct Operator {
    /// The stages that the platform's plan has before it.
    pub(in crate::lab) after: &'static [&'static str],
}

/// The objects to be applied: they come with the program, or were fetched by the stage `manifest`.
async fn objects(context: &Context) -> Result<Vec<Value>, Error> {
    match context.material.spec.platform {
        Kind::Embedded => Ok(context.material.operator.clone()),
        Kind::K3d => Ok(context.site().await?.operator()?),
    }
}

async fn client(context: &Context) -> Result<kube::Client, Error> {
    let platform = open(context.material.spec.platform, &context.folder.platform())?;
    Ok(platform.cluster().client().await?)
}

#[async_trait]
impl Stage for Definitions {
    fn name(&self) -> &'static str {
        "definitions"
    }

    fn after(&self) -> &'static [&'static str] {
        self.after
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        // Where the manifest was never fetched, nothing was applied.
        let Ok(objects) = objects(context).await else { return Ok(State::Absent) };
        let found = Api::<CustomResourceDefinition>::all(client(context).await?);
        let found = found.list_metadata(&ListParams::default()).await;
        let found = found.map_err(|source| refused("customresourcedefinitions", source))?.items;
        let found = found.into_iter().filter_map(|one| one.metadata.name).collect::<BTreeSet<_>>();
        let wanted = objects.iter().filter(|object| object["kind"] == "CustomResourceDefinition");
        let wanted = wanted.filter_map(|object| object["metadata"]["name"].as_str()).collect::<Vec<_>>();
        Ok(match wanted.iter().filter(|name| found.contains(**name)).count() {
            0 => State::Absent,
            count if count == wanted.len() => State::Ready,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let client = client(context).await?;
        let objects = objects(context).await?;
        let mut whole = Outcome::Unchanged;
        // Namespaces and definitions first; what is left does not depend on each other.
        let objects = objects.iter().filter(|object| !is_deployment(object)).collect::<Vec<_>>();
        let (first, rest): (Vec<&Value>, Vec<&Value>) =
            objects.iter().partition(|object| comes_first(object));
        for group in [first, rest] {
            whole = whole.and(apply_all(&client, &group).await?);
        }
        wait_established(&client, &objects).await?;
        Ok((whole, format!("{} objects", objects.len())))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // They go with the cluster.
        Ok(Outcome::Unchanged)
    }
}

#[async_trait]
impl Stage for Operator {
    fn name(&self) -> &'static str {
        "operator"
    }

    fn after(&self) -> &'static [&'static str] {
        self.after
    }

    async fn probe(&self, context: &Context) -> Result<State, Error> {
        let client = client(context).await?;
        let found = Api::<Deployment>::namespaced(client, NAMESPACE).list(&ListParams::default()).await;
        let found = found.map_err(|source| refused("deployments", source))?.items;
        Ok(match found.iter().filter(|deployment| available(deployment)).count() {
            _ if found.is_empty() => State::Absent,
            count if count == found.len() => State::Ready,
            _ => State::Incomplete,
        })
    }

    async fn ensure(&self, context: &Context) -> Result<(Outcome, String), Error> {
        let client = client(context).await?;
        let objects = objects(context).await?;
        let deployments = objects.iter().filter(|object| is_deployment(object)).collect::<Vec<_>>();
        let whole = apply_all(&client, &deployments).await?;
        let names = wait_available(&client, context, &objects).await?;
        Ok((whole, names.join(", ")))
    }

    async fn remove(&self, _context: &Context) -> Result<Outcome, Error> {
        // It goes with the cluster.
        Ok(Outcome::Unchanged)
    }
}

fn is_deployment(object: &Value) -> bool {
    object["kind"] == "Deployment"
}

/// Applies objects that do not depend on each other, some at a time.
async fn apply_all(client: &kube::Client, objects: &[&Value]) -> Result<Outcome, Error> {
    let mut whole = Outcome::Unchanged;
    for part in objects.chunks(AT_ONCE) {
        let applied = part.iter().map(|object| apply(client, object));
        whole = futures::future::try_join_all(applied).await?.into_iter().fold(whole, Outcome::and);
    }
    Ok(whole)
}

fn comes_first(object: &Value) -> bool {
    matches!(object["kind"].as_str(), Some("Namespace" | "CustomResourceDefinition"))
}

/// Waits until the API server serves the operator's kinds.
async fn wait_established(client: &kube::Client, objects: &[&Value]) -> Result<(), Error> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    let names = objects.iter().filter(|object| object["kind"] == "CustomResourceDefinition");
    let each = names.filter_map(|object| object["metadata"]["name"].as_str()).map(|name| {
        let established = conditions::is_crd_established();
        let waiting = await_condition(api.clone(), name, established);
        async move {
            let late = || Error::TimedOut {
                waits_for: format!("CustomResourceDefinition {name} is established"),
                seconds: LIMIT.as_secs(),
                observed: "it is not".to_owned(),
            };
            let waited = tokio::time::timeout(LIMIT, waiting).await.map_err(|_| late())?;
            waited.map(|_| ()).map_err(|_| late())
        }
    });
    futures::future::try_join_all(each).await.map(|_| ())
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
async fn wait_available(
    client: &kube::Client,
    context: &Context,
    objects: &[Value],
) -> Result<Vec<String>, Error> {
    let wanted = objects.iter().filter(|object| is_deployment(object));
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
