//! One look at a Deployment: what may be done now is done, and told in its status.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::Selector;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, claim, controller_of, drive};
use super::history::{REVISION, desired, maximum, superfluous};
use super::replicasets::{Made, Sets, create, size, wanted};
use super::rollout::{Bounds, is_recreate, roll};
use super::scaling::{Share, share};
use super::status::Facts;
use super::template::HASH_LABEL;

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let client = || context.client.clone();
    let controller = Controller::new(Api::<Deployment>::all(client()), all())
        .watches(Api::<ReplicaSet>::all(client()), all(), |set| {
            let owner = controller_of(&set).filter(|owner| owner.kind == "Deployment")?;
            Some(ObjectRef::new(&owner.name).within(&set.namespace().unwrap_or_default()))
        })
        .watches(Api::<Pod>::all(client()), all(), |pod| deployment_of_leaving(&pod));
    drive(controller, reconcile, Arc::clone(&context), shutdown).await;
}

/// The Deployment of a Pod that goes away: one of type Recreate waits for that.
fn deployment_of_leaving(pod: &Pod) -> Option<ObjectRef<Deployment>> {
    pod.metadata.deletion_timestamp.as_ref()?;
    let set = controller_of(pod).filter(|owner| owner.kind == "ReplicaSet")?;
    let name = set.name.strip_suffix(pod.labels().get(HASH_LABEL)?)?.strip_suffix('-')?;
    Some(ObjectRef::new(name).within(&pod.namespace().unwrap_or_default()))
}

async fn reconcile(seen: Arc<Deployment>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let api = Api::<Deployment>::namespaced(context.client.clone(), &seen.namespace().unwrap_or_default());
    let Some(mut deployment) = api.get_opt(&seen.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let selector = deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    let sets = claim::<_, ReplicaSet>(&context.client, &deployment, &selector).await?;
    let mut sets = Sets::new(&deployment, sets);
    let mut collisions = deployment.status.as_ref().and_then(|status| status.collision_count);
    let mut created = false;
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused) == Some(true);
    let only_scaling = paused || is_scaled(&deployment, &sets);
    if deployment.metadata.deletion_timestamp.is_none() {
        sets.refresh_new(&context, &deployment).await?;
        if only_scaling {
            scale(&context, &deployment, &mut sets).await?;
        } else {
            let may_create =
                !is_recreate(&deployment) || old_ones_are_gone(&context, &deployment, &mut sets).await?;
            if sets.new.is_none() && may_create {
                match create(&context, &deployment, &sets, collisions.unwrap_or_default()).await? {
                    Made::Set(set) => (sets.new, created) = (Some(*set), true),
                    Made::Collision => collisions = Some(collisions.unwrap_or_default() + 1),
                }
            }
            if may_create {
                grow(&context, &deployment, &mut sets).await?;
            }
        }
    }
    write_revision(&api, &mut deployment, sets.new.as_ref()).await?;
    let facts = Facts {
        deployment: &deployment,
        new: sets.new.as_ref(),
        created,
        old: &sets.old,
        only_scaling,
        collisions,
        now: Timestamp::now(),
    };
    let (status, next) = facts.status();
    let again = collisions != deployment.status.as_ref().and_then(|status| status.collision_count);
    if !same_but_for_fractions(deployment.status.as_ref(), &status) {
        deployment.status = Some(status);
        deployment = api.replace_status(&deployment.name_any(), &PostParams::default(), &deployment).await?;
    }
    cut_history(&context, &deployment, &sets).await?;
    if again {
        return Ok(Action::requeue(std::time::Duration::ZERO));
    }
    Ok(next.map_or_else(Action::await_change, Action::requeue))
}

/// Compares as the API server stores: times have whole seconds.
fn same_but_for_fractions(
    before: Option<&k8s_openapi::api::apps::v1::DeploymentStatus>,
    after: &k8s_openapi::api::apps::v1::DeploymentStatus,
) -> bool {
    let text = |status| serde_json::to_value(status).ok();
    before.is_some_and(|before| text(before) == text(after))
}

/// Whether the number of replicas was changed since the sets were told their sizes.
fn is_scaled(deployment: &Deployment, sets: &Sets) -> bool {
    let replicas = Bounds::of(deployment).replicas;
    sets.active().into_iter().any(|set| desired(set).is_some_and(|desired| desired != replicas))
}

async fn scale(context: &Context, deployment: &Deployment, sets: &mut Sets) -> Result<(), kube::Error> {
    let bounds = Bounds::of(deployment);
    let changes = match sets.active().as_slice() {
        [] => sets.new.iter().map(|set| (set.name_any(), bounds.replicas)).collect(),
        [only] => vec![(only.name_any(), bounds.replicas)],
        several => {
            let full = sets.new.as_ref().is_some_and(|set| {
                let available = set.status.as_ref().and_then(|status| status.available_replicas);
                let told = desired(set) == Some(bounds.replicas);
                told && wanted(set) == bounds.replicas && available == Some(bounds.replicas)
            });
            if full || is_recreate(deployment) {
                several
                    .iter()
                    .filter(|set| !is(sets.new.as_ref(), set))
                    .map(|set| (set.name_any(), 0))
                    .collect()
            } else {
                let sizes = several.iter().map(|set| Share {
                    name: set.name_any(),
                    wanted: wanted(set),
                    maximum: maximum(set),
                });
                let sizes = sizes.collect::<Vec<_>>();
                let mut changes = share(bounds, &sizes);
                // The others are told the new total all the same, or they would seem unscaled forever.
                let unchanged = sizes.iter().filter(|set| changes.iter().all(|(name, _)| *name != set.name));
                let unchanged = unchanged.map(|set| (set.name.clone(), set.wanted)).collect::<Vec<_>>();
                changes.extend(unchanged);
                changes
            }
        }
    };
    for (name, size) in changes {
        sets.resize(context, deployment, &name, size).await?;
    }
    Ok(())
}

fn is(one: Option<&ReplicaSet>, other: &ReplicaSet) -> bool {
    one.is_some_and(|one| one.metadata.uid == other.metadata.uid)
}

/// For Recreate: tells the old sets to have no Pods, and tells whether all are gone.
async fn old_ones_are_gone(
    context: &Context,
    deployment: &Deployment,
    sets: &mut Sets,
) -> Result<bool, kube::Error> {
    let active = sets.old.iter().filter(|set| wanted(set) > 0).map(ResourceExt::name_any).collect::<Vec<_>>();
    for name in &active {
        sets.resize(context, deployment, name, 0).await?;
    }
    let selector = deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    let (true, Ok(selector)) = (active.is_empty(), Selector::try_from(selector)) else { return Ok(false) };
    let api = Api::<Pod>::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    let pods = api.list(&ListParams::default().labels_from(&selector)).await?;
    Ok(!pods.iter().any(|pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let owner = controller_of(pod).map(|owner| owner.uid.as_str());
        let is_old = sets.old.iter().any(|set| set.metadata.uid.as_deref() == owner);
        is_old && !matches!(phase, Some("Succeeded" | "Failed"))
    }))
}

/// Takes the rollout as far as it may go now.
async fn grow(context: &Context, deployment: &Deployment, sets: &mut Sets) -> Result<(), kube::Error> {
    let bounds = Bounds::of(deployment);
    let Some(new) = &sets.new else { return Ok(()) };
    let changes = if is_recreate(deployment) {
        vec![(new.name_any(), bounds.replicas)]
    } else {
        roll(bounds, &size(new), &sets.old.iter().map(size).collect::<Vec<_>>())
    };
    for (name, size) in changes {
        sets.resize(context, deployment, &name, size).await?;
    }
    Ok(())
}

/// The Deployment shows the revision of its newest set.
async fn write_revision(
    api: &Api<Deployment>,
    deployment: &mut Deployment,
    new: Option<&ReplicaSet>,
) -> Result<(), kube::Error> {
    let revision = new.and_then(|set| set.annotations().get(REVISION));
    if revision.is_none() || revision == deployment.annotations().get(REVISION) {
        return Ok(());
    }
    let patch = json!({ "metadata": { "annotations": { REVISION: revision } } });
    *deployment = api.patch(&deployment.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}

/// Removes sets beyond the limit of the history, once the rollout is complete.
async fn cut_history(context: &Context, deployment: &Deployment, sets: &Sets) -> Result<(), kube::Error> {
    let status = deployment.status.clone().unwrap_or_default();
    let replicas = Some(Bounds::of(deployment).replicas).filter(|replicas| *replicas > 0);
    let complete = [status.updated_replicas, status.replicas, status.available_replicas] == [replicas; 3];
    let limit = deployment.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
    if !complete || deployment.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let api =
        Api::<ReplicaSet>::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    for set in superfluous(&sets.old, limit) {
        match api.delete(&set.name_any(), &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
