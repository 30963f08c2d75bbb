//! Objects whose deletion was asked for and that cannot go: somebody's finalizer stands on them, and nobody takes it
//! away. Removing a lab does not wait for them, since they go with their cluster, but people want to know.
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/>

use std::time::Duration;

use futures::StreamExt as _;
use kube::api::{Api, DynamicObject, ListParams, PartialObjectMeta};
use kube::core::ApiResource;
use kube::discovery::{Discovery, verbs};

use super::Context;
use crate::platform::{Platform, open, running};

/// A cluster that does not tell in this time is removed without being asked.
const LIMIT: Duration = Duration::from_secs(3);
/// How many kinds are listed at a time.
const AT_ONCE: usize = 16;

/// The objects of the lab's clusters that wait for a finalizer, each in words; none where no cluster answers.
pub async fn stuck(context: &Context) -> Vec<String> {
    let (kind, folder) = (context.material.spec.platform, context.folder.platform());
    if !running(kind, &folder) {
        return Vec::new();
    }
    let Ok(platform) = open(kind, &folder) else { return Vec::new() };
    let mut found = tokio::time::timeout(LIMIT, look(&platform)).await.unwrap_or_default();
    found.sort();
    found
}

async fn look(platform: &Platform) -> Vec<String> {
    let mut found = Vec::new();
    for cluster in platform.clusters.values() {
        let Ok(client) = cluster.client().await else { continue };
        let Ok(discovery) = Discovery::new(client.clone()).run_aggregated().await else { continue };
        let kinds = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
        let kinds = kinds.filter(|(_, capabilities)| capabilities.supports_operation(verbs::LIST));
        let each = kinds.map(|(resource, _)| waiting(client.clone(), resource)).collect::<Vec<_>>();
        let parts = futures::stream::iter(each).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        found.extend(parts.into_iter().flatten());
    }
    found
}

/// The objects of one kind. A kind that cannot be listed has none.
async fn waiting(client: kube::Client, resource: ApiResource) -> Vec<String> {
    let api = Api::<DynamicObject>::all_with(client, &resource);
    let Ok(list) = api.list_metadata(&ListParams::default()).await else { return Vec::new() };
    list.items.iter().filter_map(|object| told(&resource.kind, object)).collect()
}

fn told(kind: &str, object: &PartialObjectMeta<DynamicObject>) -> Option<String> {
    let metadata = &object.metadata;
    let finalizers = metadata.finalizers.as_ref().filter(|names| !names.is_empty())?;
    metadata.deletion_timestamp.as_ref()?;
    let name = metadata.name.as_deref().unwrap_or_default();
    let name = metadata.namespace.as_ref().map_or_else(|| name.to_owned(), |space| format!("{space}/{name}"));
    let finalizers = finalizers.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    Some(format!("{kind} {name} is deleted and waits for its finalizer {finalizers}"))
}
