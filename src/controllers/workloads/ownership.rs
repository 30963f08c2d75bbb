//! Which objects belong to which controller: found by selector, adopted when nobody's, left alone when another's.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::{NamespaceResourceScope, Selector, SelectorExt as _};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// A reference to the controller `object`, for the objects that it makes.
pub(in super::super) fn owner<K: Resource<DynamicType = ()>>(object: &K) -> Option<OwnerReference> {
    let reference = object.controller_owner_ref(&())?;
    Some(OwnerReference { block_owner_deletion: Some(true), ..reference })
}

/// The owner of an object that is its controller.
pub(in super::super) fn controller_of<K: Resource>(object: &K) -> Option<&OwnerReference> {
    object.meta().owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

/// Lists what belongs to `parent`: what it controls, and what matches its selector and has no controller, which it
/// adopts. What it controls and no longer matches is released. An empty selector selects nothing here.
pub(in super::super) async fn claim<P, C>(
    client: &Client,
    parent: &P,
    selector: &LabelSelector,
) -> Result<Vec<C>, kube::Error>
where
    P: Resource<DynamicType = ()>,
    C: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize,
{
    let namespace = parent.meta().namespace.as_deref().unwrap_or_default();
    let Ok(selector) = Selector::try_from(selector.clone()) else { return Ok(Vec::new()) };
    if selector.selects_all() {
        return Ok(Vec::new());
    }
    let api = Api::<C>::namespaced(client.clone(), namespace);
    let uid = parent.meta().uid.as_deref();
    let being_deleted = parent.meta().deletion_timestamp.is_some();
    let mut claimed = Vec::new();
    // What is released does not match, so that everything must be looked at.
    for child in api.list(&ListParams::default()).await? {
        let matches = selector.matches(child.labels());
        match controller_of(&child) {
            Some(owner) if Some(owner.uid.as_str()) == uid && matches => claimed.push(child),
            Some(owner) if Some(owner.uid.as_str()) == uid => {
                if !being_deleted && child.meta().deletion_timestamp.is_none() {
                    release(&api, &child, uid).await?;
                }
            }
            Some(_) => {}
            None if !matches => {}
            None if being_deleted || child.meta().deletion_timestamp.is_some() => {}
            None => {
                let owners =
                    child.owner_references().iter().cloned().chain(owner(parent)).collect::<Vec<_>>();
                let metadata = json!({
                    "uid": child.uid(), "resourceVersion": child.resource_version(), "ownerReferences": owners,
                });
                let patch = Patch::Merge(json!({ "metadata": metadata }));
                claimed.push(api.patch(&child.name_any(), &PatchParams::default(), &patch).await?);
            }
        }
    }
    Ok(claimed)
}

/// Lets go of an object: its controller is nobody any more.
async fn release<C>(api: &Api<C>, child: &C, uid: Option<&str>) -> Result<(), kube::Error>
where
    C: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let others = child.owner_references().iter().filter(|owner| Some(owner.uid.as_str()) != uid);
    let others = others.collect::<Vec<_>>();
    let metadata = json!({
        "uid": child.uid(), "resourceVersion": child.resource_version(), "ownerReferences": others,
    });
    let patch = Patch::Merge(json!({ "metadata": metadata }));
    match api.patch(&child.name_any(), &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(|_| ()),
    }
}
