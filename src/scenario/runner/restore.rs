//! The parts of a reset beside Git: pull requests, tags, and objects of the cluster. Each tells in words what it could
//! not bring back; what is gone already is no error.

use std::time::Duration;

use futures::StreamExt as _;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use serde_json::Value;

use crate::artifacts::{Packed, Remote};
use crate::scenario::actions::request;
use crate::scenario::context::Context;
use crate::scenario::flux::{FluxKind, KINDS};
use crate::scenario::kubernetes::{chain, changes, find_kind, only, reason};
use crate::scenario::snapshot::{ObjectName, Snapshot};

/// How long an object may take to go.
const LIMIT: Duration = Duration::from_secs(120);

/// An error and its causes in one line.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    chain(error)
}

/// Closes the pull requests that were opened since.
pub(super) async fn pulls(context: &Context<'_>, before: &Snapshot) -> Vec<String> {
    let api = context.session.platform.forge.api();
    let mut left = Vec::new();
    for (repository, open) in &before.pulls {
        let (owner, name) = repository.split_once('/').unwrap_or(("", repository));
        for pull in api.pull_requests(owner, name).await.unwrap_or_default() {
            if pull.state != "open" || open.contains(&pull.number) {
                continue;
            }
            if let Err(error) = api.close_pull_request(owner, name, pull.number).await {
                left.push(format!("pull request {} of `{repository}`: {}", pull.number, chain(&error)));
            }
        }
    }
    left
}

/// Gives the registry's tags back to what they named.
pub(super) async fn tags(context: &Context<'_>, before: &Snapshot) -> Vec<String> {
    let url = context.session.platform.forge.url();
    let mut left = Vec::new();
    for (name, tag, old) in &before.tags {
        let actor =
            context.session.actors.values().find(|actor| name.starts_with(&format!("{}/", actor.actor.name)));
        let actor = actor.unwrap_or(context.actor);
        let remote = Remote::new(&url, name, &actor.actor.name, &actor.token);
        let result = async {
            let now = remote.tagged(tag).await?;
            match old {
                _ if now == *old => Ok(()),
                None => remote.delete(tag).await,
                Some(digest) => match remote.manifest(digest).await? {
                    Some(manifest) => {
                        let read: Value = serde_json::from_slice(&manifest).unwrap_or_default();
                        let media_type = read["mediaType"].as_str().unwrap_or_default().to_owned();
                        remote
                            .push(tag, &Packed { manifest, media_type, ..Packed::default() })
                            .await
                            .map(|_| ())
                    }
                    None => Ok(()),
                },
            }
        };
        if let Err(error) = result.await {
            left.push(format!("`{name}:{tag}` of the registry: {}", chain(&error)));
        }
    }
    left
}

/// Asks Flux to look at everything again that was there before, sources first.
pub(super) async fn reconcile(context: &Context<'_>, client: &Client, before: &Snapshot) -> Vec<String> {
    let mut left = Vec::new();
    let order = KINDS.iter().filter(|kind| kind.kind == "GitRepository").chain(&KINDS[..1]);
    for kind in order {
        for object in list(client, *kind).await {
            let name = object.metadata.name.unwrap_or_default();
            let namespace = object.metadata.namespace.unwrap_or_default();
            let suspended = object.data["spec"]["suspend"] == Value::Bool(true);
            let known =
                kind.kind != "Kustomization" || before.applied.contains_key(&format!("{namespace}/{name}"));
            if suspended || !known || object.metadata.deletion_timestamp.is_some() {
                continue;
            }
            context.session.events.note(format!("    {} {namespace}/{name} looks again", kind.kind));
            // An object that goes meanwhile, since its own manifest went, need not look.
            if let Err(error) = request(client, *kind, &namespace, &name).await
                && there(client, *kind, &namespace, &name).await
            {
                left.push(format!("{} `{namespace}/{name}`: {}", kind.kind, chain(&error)));
            }
        }
    }
    left
}

async fn list(client: &Client, kind: FluxKind) -> Vec<DynamicObject> {
    let Ok(found) = find_kind(client, kind.api_version, kind.kind).await else { return Vec::new() };
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &found.resource);
    api.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default()
}

async fn there(client: &Client, kind: FluxKind, namespace: &str, name: &str) -> bool {
    let Ok(found) = find_kind(client, kind.api_version, kind.kind).await else { return false };
    matches!(found.api(client.clone(), namespace).get_opt(name).await, Ok(Some(_)))
}

/// Takes away what was not there, and brings back what was; `extra` was applied by Flux since then.
pub(super) async fn objects(client: &Client, before: &Snapshot, extra: Vec<ObjectName>) -> Vec<String> {
    let mut left = Vec::new();
    for (name, old) in &before.objects {
        let result = match old {
            None => remove(client, name).await,
            Some(old) => restore(client, name, old).await,
        };
        left.extend(result.err().map(|reason| format!("{}: {reason}", name.shown())));
    }
    for name in extra {
        left.extend(remove(client, &name).await.err().map(|reason| format!("{}: {reason}", name.shown())));
    }
    left
}

/// Deletes an object and waits until it is gone.
async fn remove(client: &Client, name: &ObjectName) -> Result<(), String> {
    let Some(api) = name.api(client).await else { return Ok(()) };
    match api.delete(&name.name, &DeleteParams::background()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(reason(&error)),
        Ok(_) => gone(&api, &name.name).await,
    }
}

/// Waits until an object is gone.
async fn gone(api: &Api<DynamicObject>, name: &str) -> Result<(), String> {
    let mut changes = changes(api.clone(), only(name));
    let mut finalizers = Vec::new();
    let gone = async {
        loop {
            match api.get_opt(name).await {
                Ok(None) => return Ok(()),
                Ok(Some(object)) => finalizers = object.metadata.finalizers.unwrap_or_default(),
                Err(error) => return Err(reason(&error)),
            }
            if changes.next().await.is_none() {
                return Ok(());
            }
        }
    };
    let ended = tokio::time::timeout(LIMIT, gone).await;
    ended.unwrap_or_else(|_| {
        let why = match finalizers.as_slice() {
            [] => String::new(),
            names => format!("; it waits for its finalizer `{}`", names.join("`, `")),
        };
        Err(format!("it is still there after {LIMIT:?}{why}"))
    })
}

/// Waits until the namespaces are gone that are about to go: nothing could be made in them.
pub(super) async fn settle(client: &Client) -> Vec<String> {
    let Ok(kind) = find_kind(client, "v1", "Namespace").await else { return Vec::new() };
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource);
    let mut left = Vec::new();
    for namespace in api.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default() {
        let name = namespace.metadata.name.unwrap_or_default();
        if namespace.metadata.deletion_timestamp.is_some() {
            left.extend(gone(&api, &name).await.err().map(|why| format!("Namespace `{name}`: {why}")));
        }
    }
    left
}

/// Brings an object back. What Flux looks after comes back by Git.
async fn restore(client: &Client, name: &ObjectName, old: &Value) -> Result<(), String> {
    let Some(api) = name.api(client).await else {
        return Err("the cluster has no such kind any more".to_owned());
    };
    let mut object: DynamicObject = serde_json::from_value(old.clone()).map_err(|error| error.to_string())?;
    let now = api.get_opt(&name.name).await.map_err(|error| reason(&error))?;
    let parameters = PostParams::default();
    let result = match now {
        None => api.create(&parameters, &object).await,
        Some(now) => {
            object.metadata.resource_version = now.metadata.resource_version;
            api.replace(&name.name, &parameters, &object).await
        }
    };
    result.map(|_| ()).map_err(|error| reason(&error))
}
