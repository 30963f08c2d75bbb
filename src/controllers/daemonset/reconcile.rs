//! One look at a `DaemonSet`: nodes get the Pods that they lack, and lose those that they may not have.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ListParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{
    Context, Kept, Revisions, claim, controller_of, create, delete, drive, is_active, ready_since,
};
use super::placement::{Place, REVISION, place, pod};
use super::rollout::{Bounds, Nodes, Step, is_available, step, superfluous};
use super::status::status;

const COMPONENT: &str = "daemonset-controller";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<DaemonSet>::all(context.client.clone()), all());
    let sets = controller.store();
    let controller = controller
        .watches(Api::<Pod>::all(context.client.clone()), all(), |pod| {
            let owner = controller_of(&pod).filter(|owner| owner.kind == "DaemonSet")?;
            Some(ObjectRef::new(&owner.name).within(&pod.namespace().unwrap_or_default()))
        })
        .watches(Api::<Node>::all(context.client.clone()), all(), move |_| {
            sets.state().iter().map(|set| ObjectRef::from_obj(set.as_ref())).collect::<Vec<_>>()
        });
    drive(controller, reconcile, context, shutdown).await;
}

async fn reconcile(seen: Arc<DaemonSet>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let api = Api::<DaemonSet>::namespaced(context.client.clone(), &seen.namespace().unwrap_or_default());
    let Some(mut set) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    if set.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let spec = set.spec.clone().unwrap_or_default();
    let kept = Kept {
        selector: &spec.selector,
        template: &spec.template,
        label: REVISION,
        annotations: set.metadata.annotations.clone(),
        limit: spec.revision_history_limit,
    };
    let revisions = Revisions::ensure(&context, &set, &kept).await?;
    let nodes = Api::<Node>::all(context.client.clone()).list(&ListParams::default()).await?.items;
    let pods = claim::<_, Pod>(&context.client, &set, &spec.selector).await?;
    let look = Look {
        context: &context,
        set: &set,
        hash: revisions.hash(REVISION),
        pods: by_node(pods),
        now: Timestamp::now(),
    };
    let taken = look.take(&spec, &nodes).await;
    let status = status(&set, &nodes, &look.pods, &look.hash, look.now);
    let (next, used) = (look.next(&spec), look.used());
    if set.status.as_ref() != Some(&status) {
        set.status = Some(status);
        api.replace_status(&set.name_any(), &PostParams::default(), &set).await?;
    }
    let used = used.iter().map(String::as_str).collect::<Vec<_>>();
    revisions.forget(&revisions.named(REVISION, &used)).await?;
    taken.map(|()| next.map_or_else(Action::await_change, Action::requeue))
}

/// The Pods by the node that they are on or are meant for, oldest first.
fn by_node(mut pods: Vec<Pod>) -> Nodes {
    pods.sort_by_key(|pod| (pod.creation_timestamp().map(|time| time.0), pod.name_any()));
    let mut nodes = Nodes::new();
    for pod in pods {
        nodes.entry(node_of(&pod).unwrap_or_default()).or_default().push(pod);
    }
    nodes
}

fn node_of(pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    if let Some(name) = spec.node_name.as_ref().filter(|name| !name.is_empty()) {
        return Some(name.clone());
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    let mut fields = required.node_selector_terms.iter().filter_map(|term| term.match_fields.as_ref());
    let name = fields.find_map(|fields| fields.iter().find(|field| field.key == "metadata.name"))?;
    name.values.as_ref()?.first().cloned()
}

/// What a look has found.
struct Look<'a> {
    context: &'a Context,
    set: &'a DaemonSet,
    hash: String,
    pods: Nodes,
    now: Timestamp,
}

impl Look<'_> {
    /// Does what may be done now.
    async fn take(&self, spec: &DaemonSetSpec, nodes: &[Node]) -> Result<(), kube::Error> {
        let wanted =
            nodes.iter().filter(|node| place(self.set, node) == Place::Wanted).map(ResourceExt::name_any);
        let wanted = wanted.collect::<Vec<_>>();
        let bounds = Bounds::of(self.set, wanted.len());
        for name in &wanted {
            if !self.pods.contains_key(name) {
                self.create(spec, name).await?;
            }
        }
        for (name, pods) in &self.pods {
            let node = nodes.iter().find(|node| node.name_any() == *name);
            let place = node.map_or(Place::Forbidden, |node| place(self.set, node));
            let condemned = match place {
                Place::Forbidden => pods.iter().collect(),
                Place::Wanted | Place::Tolerated => {
                    superfluous(pods, bounds, &self.hash, |pod| self.is_available(pod))
                }
            };
            for pod in condemned {
                self.delete(pod).await?;
            }
            if place != Place::Forbidden {
                for pod in pods {
                    self.replace_ended(name, pod).await?;
                }
            }
        }
        let strategy = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
        if strategy == Some("OnDelete") {
            return Ok(());
        }
        let mut here = self.pods.clone();
        here.retain(|name, _| wanted.contains(name));
        for name in wanted {
            here.entry(name).or_default();
        }
        let Step { delete, create } = step(&here, bounds, &self.hash, |pod| self.is_available(pod));
        for pod in here.values().flatten().filter(|pod| delete.contains(&pod.name_any())) {
            self.delete(pod).await?;
        }
        for name in create {
            self.create(spec, &name).await?;
        }
        Ok(())
    }

    /// A Pod that came to an end on its node makes room for the next.
    async fn replace_ended(&self, node: &str, pod: &Pod) -> Result<(), kube::Error> {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let failed = match phase {
            Some("Failed") => true,
            Some("Succeeded") => false,
            _ => return Ok(()),
        };
        if pod.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let found =
            format!("daemon pod {}/{} on node {node}", pod.namespace().unwrap_or_default(), pod.name_any());
        let (object, recorder) = (self.set.object_ref(&()), &self.context.recorder);
        if failed {
            let message = format!("Found failed {found}, will try to kill it");
            recorder.warning(COMPONENT, object, "FailedDaemonPod", message);
        } else {
            let message = format!("Found succeeded {found}, will try to delete it");
            recorder.normal(COMPONENT, object, "SucceededDaemonPod", message);
        }
        self.delete(pod).await
    }

    async fn create(&self, spec: &DaemonSetSpec, node: &str) -> Result<(), kube::Error> {
        let pod = pod(self.set, &spec.template, &self.hash, node);
        create(self.context, COMPONENT, self.set.object_ref(&()), &pod).await.map(drop)
    }

    async fn delete(&self, pod: &Pod) -> Result<(), kube::Error> {
        if pod.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        delete(self.context, COMPONENT, self.set.object_ref(&()), pod).await
    }

    fn is_available(&self, pod: &Pod) -> bool {
        is_available(self.set, pod, self.now)
    }

    /// The hashes of the revisions that Pods are of, and the newest.
    fn used(&self) -> Vec<String> {
        let labels = self.pods.values().flatten().filter_map(|pod| pod.labels().get(REVISION).cloned());
        labels.chain([self.hash.clone()]).collect()
    }

    /// How long until a Pod becomes available just by waiting.
    fn next(&self, spec: &DaemonSetSpec) -> Option<Duration> {
        let wait = i64::from(spec.min_ready_seconds.unwrap_or_default());
        let ready = self.pods.values().flatten().filter(|pod| is_active(pod)).filter_map(ready_since);
        let left = ready.map(|since| wait - self.now.duration_since(since).as_secs());
        left.filter(|left| *left > 0).min().map(|left| Duration::from_secs(left.unsigned_abs()))
    }
}
