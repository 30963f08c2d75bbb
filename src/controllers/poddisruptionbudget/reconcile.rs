//! Counts the Pods of each budget as they come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, PostParams};
use kube::core::{Selector, SelectorExt as _};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client, ResourceExt};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, controller_of, drive, is_active, ready_since};
use super::budget::{Count, status};

/// A Pod whose eviction was allowed counts as gone; after so many seconds it is believed that it stays.
const DISRUPTION_FORGOTTEN: i64 = 120;

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<PodDisruptionBudget>::all(context.client.clone()), all());
    let budgets = controller.store();
    let controller = controller
        .watches(Api::<Pod>::all(context.client.clone()), all(), move |pod| budgets_of(&budgets, &pod));
    drive(controller, reconcile, context, shutdown).await;
}

fn budgets_of(budgets: &Store<PodDisruptionBudget>, pod: &Pod) -> Vec<ObjectRef<PodDisruptionBudget>> {
    let matches = |budget: &&Arc<PodDisruptionBudget>| {
        budget.namespace() == pod.namespace()
            && selector(budget).is_some_and(|selector| selector.matches(pod.labels()))
    };
    budgets.state().iter().filter(matches).map(|budget| ObjectRef::from_obj(budget.as_ref())).collect()
}

/// The Pods that are meant; a budget without selector is about none.
fn selector(budget: &PodDisruptionBudget) -> Option<Selector> {
    Selector::try_from(budget.spec.as_ref()?.selector.clone()?).ok()
}

async fn reconcile(seen: Arc<PodDisruptionBudget>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let namespace = seen.namespace().unwrap_or_default();
    let api = Api::<PodDisruptionBudget>::namespaced(context.client.clone(), &namespace);
    let Some(mut budget) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    let pods = match selector(&budget) {
        Some(selector) => {
            let pods = Api::<Pod>::namespaced(context.client.clone(), &namespace);
            pods.list(&ListParams::default().labels_from(&selector)).await?.items
        }
        None => Vec::new(),
    };
    let pods = pods.into_iter().filter(is_active).collect::<Vec<_>>();
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut before = budget.status.clone().unwrap_or_default();
    let disrupted = still_disrupted(before.disrupted_pods.take().unwrap_or_default(), &pods, now);
    let healthy = pods.iter().filter(|pod| !disrupted.contains_key(&pod.name_any()));
    let healthy = healthy.filter(|pod| ready_since(pod).is_some()).count();
    let wanted = wanted(&context.client, &namespace, &pods).await?;
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let count = Count { pods: number(pods.len()), wanted, healthy: number(healthy) };
    let waits = !disrupted.is_empty();
    before.disrupted_pods = Some(disrupted);
    let spec = budget.spec.clone().unwrap_or_default();
    let status = status(&spec, &before, budget.metadata.generation, count, now);
    if budget.status.as_ref() != Some(&status) {
        budget.status = Some(status);
        api.replace_status(&budget.name_any(), &PostParams::default(), &budget).await?;
    }
    let again = std::time::Duration::from_secs(DISRUPTION_FORGOTTEN.unsigned_abs());
    Ok(if waits { Action::requeue(again) } else { Action::await_change() })
}

fn still_disrupted(
    disrupted: BTreeMap<String, Time>,
    pods: &[Pod],
    now: Timestamp,
) -> BTreeMap<String, Time> {
    let present = pods.iter().map(ResourceExt::name_any).collect::<BTreeSet<_>>();
    let fresh = |since: &Time| now.duration_since(since.0).as_secs() < DISRUPTION_FORGOTTEN;
    disrupted.into_iter().filter(|(name, since)| present.contains(name) && fresh(since)).collect()
}

/// How many Pods the controllers of these Pods want; a Pod of nobody counts for itself.
async fn wanted(client: &Client, namespace: &str, pods: &[Pod]) -> Result<i32, kube::Error> {
    let (mut sum, mut owners) = (0_i32, BTreeSet::new());
    for pod in pods {
        let Some(owner) = controller_of(pod) else {
            sum += 1;
            continue;
        };
        if !owners.insert(owner.uid.clone()) {
            continue;
        }
        let replicas = match owner.kind.as_str() {
            "ReplicaSet" => {
                let sets = Api::<ReplicaSet>::namespaced(client.clone(), namespace);
                sets.get_opt(&owner.name).await?.and_then(|set| set.spec?.replicas)
            }
            "StatefulSet" => {
                let sets = Api::<StatefulSet>::namespaced(client.clone(), namespace);
                sets.get_opt(&owner.name).await?.and_then(|set| set.spec?.replicas)
            }
            _ => {
                let own = pods.iter().filter(|pod| controller_of(*pod).is_some_and(|it| it.uid == owner.uid));
                i32::try_from(own.count()).ok()
            }
        };
        sum = sum.saturating_add(replicas.unwrap_or(1));
    }
    Ok(sum)
}
