//! What a lab is like, to be compared: after every action was done a second time nothing may be different, and after
//! the cleanup nothing may be left.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{Api, DynamicObject, ListParams};
use kube::discovery::{Discovery, Scope, verbs};
use serde_json::{Value, json};

use super::run::{Open, Run};
use crate::scenario::context::Context;
use crate::scenario::error::Error;
use crate::scenario::snapshot::{heads, tags};

/// Kinds that come and go by themselves, or tell of what has happened.
const PASSING: [&str; 11] = [
    "Event",
    "Lease",
    "Pod",
    "ReplicaSet",
    "ControllerRevision",
    "Endpoints",
    "EndpointSlice",
    "IPAddress",
    "PodMetrics",
    "NodeMetrics",
    "ComponentStatus",
];
/// The objects in which a cluster hands out its certificates and its nodes' addresses; one that was made anew has others.
const OF_THE_CLUSTER: [&str; 3] = ["kube-root-ca.crt", "extension-apiserver-authentication", "coredns"];
/// Where the driver tells of itself.
const OWN: &str = "atelier-system";
/// Marks that say when something was asked for, and not what is wanted.
const REQUESTS: [&str; 2] =
    ["reconcile.fluxcd.io/requestedAt", "kubectl.kubernetes.io/last-applied-configuration"];

/// A lab at one moment, as lines that can be compared: the thing, and what it is like.
pub(super) type Likeness = BTreeMap<String, String>;

/// Everything of a lab that a person would call its state.
pub(super) async fn likeness(context: &Context<'_>) -> Likeness {
    let mut found = Likeness::new();
    let api = context.session.platform.forge.api();
    for (repository, branches) in heads(context).await {
        let (owner, name) = repository.split_once('/').unwrap_or(("", &repository));
        for branch in branches.keys() {
            for entry in api.tree(owner, name, branch).await.unwrap_or_default() {
                if entry.kind == "blob" {
                    found.insert(format!("`{}` on `{branch}` of `{repository}`", entry.path), entry.sha);
                }
            }
        }
    }
    for (track, scenario) in &context.session.workshop.scenarios {
        let Ok(context) = context.session.plain_context(track, track) else { continue };
        for step in &scenario.steps {
            for (name, tag, digest) in tags(&context, &step.actions).await {
                found.extend(digest.map(|digest| (format!("`{name}:{tag}` of the registry"), digest)));
            }
        }
    }
    let Ok(client) = context.observer().await else { return found };
    let Ok(discovery) = Discovery::new(client.clone()).run_aggregated().await else { return found };
    for group in discovery.groups() {
        for (resource, capabilities) in group.recommended_resources() {
            if PASSING.contains(&resource.kind.as_str()) || !capabilities.supports_operation(verbs::LIST) {
                continue;
            }
            let namespaced = capabilities.scope == Scope::Namespaced;
            let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            for object in
                objects.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default()
            {
                let namespace = object.metadata.namespace.clone().unwrap_or_default();
                let name = object.metadata.name.clone().unwrap_or_default();
                if namespace == OWN || name == OWN {
                    continue;
                }
                let place = if namespaced { format!(" in `{namespace}`") } else { String::new() };
                found.insert(format!("{} `{name}`{place}", resource.kind), spec(&resource.kind, &object));
            }
        }
    }
    found
}

/// What is wanted of an object, and not how it is. Secrets, a cluster's certificates and addresses are compared by their
/// keys alone, Services without the addresses that a cluster gives them: one that was made anew gives others.
fn spec(kind: &str, object: &DynamicObject) -> String {
    let mut data = object.data.clone();
    if let Value::Object(data) = &mut data {
        data.remove("status");
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let own = kind == "ConfigMap" && OF_THE_CLUSTER.contains(&name);
        for secret in ["data", "stringData"] {
            if (kind == "Secret" || own)
                && let Some(Value::Object(values)) = data.get_mut(secret)
            {
                values.values_mut().for_each(|value| *value = Value::Null);
            }
        }
        if kind == "Service"
            && let Some(Value::Object(spec)) = data.get_mut("spec")
        {
            spec.retain(|field, _| !["clusterIP", "clusterIPs"].contains(&field.as_str()));
        }
    }
    let annotations = object.metadata.annotations.clone().unwrap_or_default();
    let annotations: BTreeMap<_, _> =
        annotations.into_iter().filter(|(name, _)| !REQUESTS.contains(&name.as_str())).collect();
    json!({"labels": object.metadata.labels, "annotations": annotations, "data": data}).to_string()
}

/// What is different, a line for each thing.
pub(super) fn differences(before: &Likeness, after: &Likeness) -> Vec<String> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let tell = |name: &String| match (before.get(name), after.get(name)) {
        (None, Some(_)) => Some(format!("{name} is new")),
        (Some(_), None) => Some(format!("{name} is gone")),
        (Some(old), Some(new)) if old != new => Some(format!("{name} is another")),
        _ => None,
    };
    names.into_iter().filter_map(tell).collect()
}

impl<'a> Run<'a> {
    /// Does the actions of a step a second time and demands that nothing becomes different.
    pub(super) async fn again(&mut self, open: &Open<'a>) -> Result<(), Error> {
        let context = self.context(&open.track, &open.name)?;
        let before = likeness(&context).await;
        for (index, action) in open.step.actions.iter().enumerate() {
            if !action.once() {
                self.action(&open.track, &context, &open.step.id.value, index, action).await?;
            }
        }
        let changed = differences(&before, &likeness(&context).await);
        if changed.is_empty() { Ok(()) } else { Err(Error::Repeated { step: open.name.clone(), changed }) }
    }
}
