//! One look at a `StatefulSet`: the next step in its order is taken, and its status tells where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetStatus};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource as _, ResourceExt as _};
use tokio_util::sync::CancellationToken;

use super::super::workloads::{Context, Kept, Revisions, claim, controller_of, drive, is_active};
use super::pods::{claims, is_healthy, ordinal, pod, revision};

const COMPONENT: &str = "statefulset-controller";

/// Runs the controller until `shutdown`.
pub(in super::super) async fn run(context: Arc<Context>, shutdown: &CancellationToken) {
    let all = watcher::Config::default;
    let controller = Controller::new(Api::<StatefulSet>::all(context.client.clone()), all());
    let controller = controller.watches(Api::<Pod>::all(context.client.clone()), all(), |pod| {
        let owner = controller_of(&pod).filter(|owner| owner.kind == "StatefulSet")?;
        Some(ObjectRef::new(&owner.name).within(&pod.namespace().unwrap_or_default()))
    });
    drive(controller, reconcile, context, shutdown).await;
}

async fn reconcile(seen: Arc<StatefulSet>, context: Arc<Context>) -> Result<Action, kube::Error> {
    let api = Api::<StatefulSet>::namespaced(context.client.clone(), &seen.namespace().unwrap_or_default());
    let Some(mut set) = api.get_opt(&seen.name_any()).await? else { return Ok(Action::await_change()) };
    if set.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let spec = set.spec.clone().unwrap_or_default();
    let kept = Kept {
        selector: &spec.selector,
        template: &spec.template,
        label: "controller.kubernetes.io/hash",
        annotations: None,
        limit: spec.revision_history_limit,
    };
    let revisions = Revisions::ensure(&context, &set, &kept).await?;
    let before = set.status.clone().unwrap_or_default();
    let current = before.current_revision.clone().filter(|name| revisions.has(name));
    let mut step = Step {
        context: &context,
        set: &set,
        current: current.unwrap_or_else(|| revisions.update()),
        update: revisions.update(),
        revisions: &revisions,
        pods: BTreeMap::new(),
    };
    for pod in claim::<_, Pod>(&context.client, &set, &spec.selector).await? {
        if let Some(ordinal) = ordinal(&set, &pod) {
            step.pods.insert(ordinal, pod);
        }
    }
    let taken = step.take(&spec).await;
    let status = step.status(&spec, &before);
    let used = [step.current.clone(), step.update.clone()];
    if before != status {
        set.status = Some(status);
        api.replace_status(&set.name_any(), &PostParams::default(), &set).await?;
    }
    revisions.forget(&used).await?;
    taken.map(|()| Action::await_change())
}

/// What a look has found.
struct Step<'a> {
    context: &'a Context,
    set: &'a StatefulSet,
    current: String,
    update: String,
    revisions: &'a Revisions,
    /// By number.
    pods: BTreeMap<i32, Pod>,
}

impl Step<'_> {
    /// Does what may be done now.
    async fn take(&mut self, spec: &StatefulSetSpec) -> Result<(), kube::Error> {
        let in_order = spec.pod_management_policy.as_deref() != Some("Parallel");
        let start = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or_default();
        let end = start.saturating_add(spec.replicas.unwrap_or(1));
        let rolling = spec.update_strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let partition = rolling.and_then(|rolling| rolling.partition).unwrap_or_default();
        for ordinal in start..end {
            let over = self
                .pods
                .get(&ordinal)
                .is_some_and(|pod| !is_active(pod) && pod.metadata.deletion_timestamp.is_none());
            if over {
                self.delete(ordinal).await?;
            }
            if !self.pods.contains_key(&ordinal) {
                let fresh = ordinal >= partition && self.current != self.update;
                self.create(ordinal, if fresh { self.update.clone() } else { self.current.clone() }).await?;
            }
            if in_order && !self.pods.get(&ordinal).is_some_and(is_healthy) {
                return Ok(());
            }
        }
        let condemned = self.pods.keys().rev().copied().filter(|it| !(start..end).contains(it));
        for ordinal in condemned.collect::<Vec<_>>() {
            self.delete(ordinal).await?;
            if in_order {
                return Ok(());
            }
        }
        let kind = spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
        if kind == Some("OnDelete") {
            return Ok(());
        }
        for ordinal in (start.max(partition)..end).rev() {
            let Some(pod) = self.pods.get(&ordinal) else { return Ok(()) };
            if revision(pod) != self.update {
                return self.delete(ordinal).await;
            }
            if !is_healthy(pod) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn create(&mut self, ordinal: i32, revision: String) -> Result<(), kube::Error> {
        let Some(template) = self.revisions.template(&revision) else { return Ok(()) };
        let namespace = self.set.namespace().unwrap_or_default();
        let pod = pod(self.set, &template, &revision, ordinal);
        let api = Api::<PersistentVolumeClaim>::namespaced(self.context.client.clone(), &namespace);
        for claim in claims(self.set, ordinal) {
            match api.create(&PostParams::default(), &claim).await {
                Ok(claim) => self.tell(
                    "SuccessfulCreate",
                    format!(
                        "create Claim {} Pod {} in StatefulSet {} success",
                        claim.name_any(),
                        pod.name_any(),
                        self.set.name_any()
                    ),
                ),
                Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {}
                Err(error) => return Err(error),
            }
        }
        let api = Api::<Pod>::namespaced(self.context.client.clone(), &namespace);
        let made = api.create(&PostParams::default(), &pod).await?;
        self.tell("SuccessfulCreate", self.done("create", &made));
        self.pods.insert(ordinal, made);
        Ok(())
    }

    /// Deletes a Pod, unless it is on its way out already.
    async fn delete(&mut self, ordinal: i32) -> Result<(), kube::Error> {
        let pod = self.pods.get(&ordinal).filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let Some(pod) = pod.cloned() else { return Ok(()) };
        let api = Api::<Pod>::namespaced(self.context.client.clone(), &pod.namespace().unwrap_or_default());
        let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match api.delete(&pod.name_any(), &parameters).await {
            Ok(_) => self.tell("SuccessfulDelete", self.done("delete", &pod)),
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn done(&self, what: &str, pod: &Pod) -> String {
        format!("{what} Pod {} in StatefulSet {} successful", pod.name_any(), self.set.name_any())
    }

    fn tell(&self, reason: &str, message: String) {
        self.context.recorder.normal(COMPONENT, self.set.object_ref(&()), reason, message);
    }

    fn status(&mut self, spec: &StatefulSetSpec, before: &StatefulSetStatus) -> StatefulSetStatus {
        let count = |wanted: &dyn Fn(&Pod) -> bool| {
            i32::try_from(self.pods.values().filter(|pod| wanted(pod)).count()).unwrap_or(i32::MAX)
        };
        let of = |name: &str| count(&|pod: &Pod| is_active(pod) && revision(pod) == name);
        let (replicas, ready) = (count(&|_: &Pod| true), count(&is_healthy));
        let (current, updated) = (of(&self.current), of(&self.update));
        let wanted = spec.replicas.unwrap_or(1);
        let some = |count: i32| (count > 0).then_some(count);
        if updated == wanted && ready == wanted && replicas == wanted {
            self.current.clone_from(&self.update);
        }
        let current = if self.current == self.update { updated } else { current };
        StatefulSetStatus {
            available_replicas: Some(ready),
            collision_count: Some(before.collision_count.unwrap_or_default()),
            conditions: before.conditions.clone(),
            current_replicas: some(current),
            current_revision: Some(self.current.clone()),
            observed_generation: self.set.metadata.generation,
            ready_replicas: some(ready),
            replicas,
            update_revision: Some(self.update.clone()),
            updated_replicas: some(updated),
        }
    }
}
