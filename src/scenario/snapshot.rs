//! What a step may change, as it was before it: heads of the repositories, objects that its actions name, tags of the
//! registry, pull requests, and what Flux had applied. A reset goes back to it, by these values and no others.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{Api, DynamicObject, ListParams};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actions::Action;
use super::context::Context;
use super::flux::KINDS;
use super::kubernetes::find_kind;
use super::model::Placed;
use crate::artifacts::Remote;

/// What Flux marks the objects with that it looks after.
const MARKS: [&str; 2] = ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"];

/// Which object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectName {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    /// Counts only for kinds that have namespaces.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl ObjectName {
    /// The name of a manifest's object; `home` is where it goes when it does not say.
    pub(crate) fn of(manifest: &Value, home: &str) -> Self {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        Self {
            api_version: text("/apiVersion").unwrap_or_default(),
            kind: text("/kind").unwrap_or_default(),
            namespace: text("/metadata/namespace").unwrap_or_else(|| home.to_owned()),
            name: text("/metadata/name").unwrap_or_default(),
        }
    }

    /// An entry of Flux's inventory, `<namespace>_<name>_<group>_<kind>` and a version.
    fn of_inventory(entry: &Value) -> Option<Self> {
        let parts: Vec<_> = entry["id"].as_str()?.split('_').collect();
        let [namespace, name, group, kind] = parts.as_slice() else { return None };
        let version = entry["v"].as_str()?;
        let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        Some(Self {
            api_version,
            kind: (*kind).to_owned(),
            namespace: (*namespace).to_owned(),
            // Names of roles may have colons, which the inventory writes as two underscores' worth.
            name: name.replace("__", ":"),
        })
    }

    /// As people name it.
    pub(crate) fn shown(&self) -> String {
        format!("{} `{}`", self.kind, self.name)
    }

    /// The API of its kind; nothing when the cluster has no such kind.
    pub(crate) async fn api(&self, client: &kube::Client) -> Option<Api<DynamicObject>> {
        let kind = find_kind(client, &self.api_version, &self.kind).await.ok()?;
        Some(kind.api(client.clone(), &self.namespace))
    }
}

/// The state before a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Snapshot {
    /// `<owner>/<name>`, then branch: the commit.
    pub(crate) heads: BTreeMap<String, BTreeMap<String, String>>,
    /// Objects and their manifests; nothing for those that were not there.
    pub(crate) objects: Vec<(ObjectName, Option<Value>)>,
    /// Repository and tag of the registry, and the digest of what was there.
    pub(crate) tags: Vec<(String, String, Option<String>)>,
    /// Repositories, and the pull requests that were open there.
    pub(crate) pulls: BTreeMap<String, Vec<i64>>,
    /// What each Kustomization had applied, by `<namespace>/<name>`.
    pub(crate) applied: BTreeMap<String, BTreeSet<ObjectName>>,
}

impl Snapshot {
    /// Whether nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Looks at everything that these actions, or a person who does the same by hand, may change. What cannot be
    /// asked is not known.
    pub(crate) async fn take(context: &Context<'_>, actions: &[Placed<Action>]) -> Self {
        let (heads, tags) = (heads(context).await, tags(context, actions).await);
        let mut taken = Self { heads, tags, ..Self::default() };
        for action in actions {
            if let Some((owner, name)) = action.pulls(context) {
                let pulls = context.session.platform.forge.api().pull_requests(&owner, &name).await;
                let open = pulls.unwrap_or_default().into_iter().filter(|pull| pull.state == "open");
                taken.pulls.insert(format!("{owner}/{name}"), open.map(|pull| pull.number).collect());
            }
        }
        let Ok(client) = context.observer().await else { return taken };
        taken.applied = applied(&client).await;
        let named: BTreeSet<_> = actions.iter().flat_map(|action| action.objects(context)).collect();
        for name in named {
            let Some(api) = name.api(&client).await else {
                // Where there is no such kind there was no such object.
                taken.objects.push((name, None));
                continue;
            };
            match api.get_opt(&name.name).await {
                // What is secret is not written down, so it cannot be brought back.
                Ok(Some(_)) if name.kind == "Secret" => (),
                // What somebody else makes anew, a controller or Flux, comes back by itself.
                Ok(Some(object)) if is_made(&object) => (),
                Ok(object) => taken.objects.push((name, object.map(bare))),
                Err(_) => (),
            }
        }
        taken
    }
}

/// The tags of the registry that these actions name, and the digests of what is there.
pub(crate) async fn tags(
    context: &Context<'_>,
    actions: &[Placed<Action>],
) -> Vec<(String, String, Option<String>)> {
    let mut found = Vec::new();
    for (name, tag) in actions.iter().filter_map(|action| action.tag(context)) {
        let actor = context.actor;
        let url = context.session.platform.forge.url();
        let remote = Remote::new(&url, &name, &actor.actor.name, &actor.token);
        if let Ok(digest) = remote.tagged(&tag).await {
            found.push((name, tag, digest));
        }
    }
    found
}

/// The heads of all branches of the workshop's repositories.
pub(crate) async fn heads(context: &Context<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let api = context.session.platform.forge.api();
    let look = context.session.workshop.repositories.iter().map(|repository| async move {
        let (owner, name) = (&repository.owner.value, &repository.name.value);
        let branches = api.branches(owner, name).await.ok()?;
        let branches = branches.into_iter().map(|branch| (branch.name, branch.commit)).collect();
        Some((format!("{owner}/{name}"), branches))
    });
    futures::future::join_all(look).await.into_iter().flatten().collect()
}

/// What every Kustomization has applied.
pub(crate) async fn applied(client: &kube::Client) -> BTreeMap<String, BTreeSet<ObjectName>> {
    let mut found = BTreeMap::new();
    let Ok(kind) = find_kind(client, KINDS[0].api_version, KINDS[0].kind).await else { return found };
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource);
    for object in api.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default() {
        let place = format!(
            "{}/{}",
            object.metadata.namespace.as_deref().unwrap_or_default(),
            object.metadata.name.as_deref().unwrap_or_default()
        );
        let entries = object.data["status"]["inventory"]["entries"].as_array().into_iter().flatten();
        found.insert(place, entries.filter_map(ObjectName::of_inventory).collect());
    }
    found
}

/// Whether a controller has made an object, or Flux.
fn is_made(object: &DynamicObject) -> bool {
    let owned = object.metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    let labels = object.metadata.labels.iter().flatten();
    owned || labels.into_iter().any(|(name, _)| MARKS.contains(&name.as_str()))
}

/// A manifest without what the API server adds.
fn bare(mut object: DynamicObject) -> Value {
    let metadata = &mut object.metadata;
    metadata.managed_fields = None;
    metadata.resource_version = None;
    metadata.uid = None;
    metadata.creation_timestamp = None;
    metadata.generation = None;
    metadata.owner_references = None;
    if let Value::Object(data) = &mut object.data {
        data.remove("status");
    }
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_of_inventories_are_read() {
        let name = |entry: Value| {
            ObjectName::of_inventory(&entry).map(|name| (name.api_version.clone(), name.shown()))
        };
        let cases = [
            (
                json!({"id": "dev2_postcard_apps_Deployment", "v": "v1"}),
                Some(("apps/v1", "Deployment `postcard`")),
            ),
            (json!({"id": "_dev2__Namespace", "v": "v1"}), Some(("v1", "Namespace `dev2`"))),
            (json!({"id": "one_two", "v": "v1"}), None),
            (json!({}), None),
        ];
        for (entry, expected) in cases {
            let expected = expected.map(|(version, shown)| (version.to_owned(), shown.to_owned()));
            assert_eq!(name(entry.clone()), expected, "{entry}");
        }
    }
}
