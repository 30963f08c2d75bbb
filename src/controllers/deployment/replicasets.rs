//! The `ReplicaSet`s of a Deployment: which is the newest, a new one, and their sizes in the API server.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;

use super::super::workloads::{Context, controller_of, owner};
use super::history::{annotations, next_revision, size_annotations};
use super::rollout::{Bounds, Size, is_recreate, new_size};
use super::template::{HASH_LABEL, hash, same};

pub(super) const COMPONENT: &str = "deployment-controller";

/// The sets of a Deployment.
pub(super) struct Sets {
    /// That of its template.
    pub(super) new: Option<ReplicaSet>,
    /// The others, oldest first.
    pub(super) old: Vec<ReplicaSet>,
}

impl Sets {
    /// Sorts them out.
    pub(super) fn new(deployment: &Deployment, mut sets: Vec<ReplicaSet>) -> Self {
        sets.sort_by_key(|set| (set.creation_timestamp().map(|time| time.0), set.name_any()));
        let template = template_of(deployment);
        let is_new = |set: &ReplicaSet| {
            set.spec.as_ref().and_then(|spec| spec.template.as_ref()).is_some_and(|it| same(it, &template))
        };
        let index = sets.iter().position(is_new);
        Self { new: index.map(|index| sets.remove(index)), old: sets }
    }

    /// How many Pods they were all told to have.
    pub(super) fn total(&self) -> i32 {
        self.old.iter().chain(&self.new).map(wanted).sum()
    }

    /// Those that were told to have Pods, newest first.
    pub(super) fn active(&self) -> Vec<&ReplicaSet> {
        self.new.iter().chain(self.old.iter().rev()).filter(|set| wanted(set) > 0).collect()
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut ReplicaSet> {
        self.new.iter_mut().chain(&mut self.old).find(|set| set.metadata.name.as_deref() == Some(name))
    }

    /// Tells a set its size, and people of it.
    pub(super) async fn resize(
        &mut self,
        context: &Context,
        deployment: &Deployment,
        name: &str,
        size: i32,
    ) -> Result<(), kube::Error> {
        let bounds = Bounds::of(deployment);
        let Some(set) = self.get_mut(name) else { return Ok(()) };
        let before = wanted(set);
        let annotations = size_annotations(bounds);
        let noted = annotations.iter().all(|(key, value)| set.annotations().get(key) == Some(value));
        if before == size && noted {
            return Ok(());
        }
        let patch = json!({ "metadata": { "annotations": annotations }, "spec": { "replicas": size } });
        let api = Api::<ReplicaSet>::namespaced(
            context.client.clone(),
            &deployment.namespace().unwrap_or_default(),
        );
        *set = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?;
        if before != size {
            let direction = if size > before { "up" } else { "down" };
            let message = format!("Scaled {direction} replica set {name} from {before} to {size}");
            context.recorder.normal(COMPONENT, deployment.object_ref(&()), "ScalingReplicaSet", message);
        }
        Ok(())
    }

    /// Makes the newest set's annotations and settings those of the Deployment.
    pub(super) async fn refresh_new(
        &mut self,
        context: &Context,
        deployment: &Deployment,
    ) -> Result<(), kube::Error> {
        let next = next_revision(&self.old);
        let Some(set) = &mut self.new else { return Ok(()) };
        let annotations = annotations(deployment, Some(set), next);
        let delay = deployment.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
        let known = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
        if *set.annotations() == annotations && delay == known {
            return Ok(());
        }
        let patch =
            json!({ "metadata": { "annotations": annotations }, "spec": { "minReadySeconds": delay } });
        let api = Api::<ReplicaSet>::namespaced(
            context.client.clone(),
            &deployment.namespace().unwrap_or_default(),
        );
        *set = api.patch(&set.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }
}

/// What came of making a new set.
pub(super) enum Made {
    /// It is there.
    Set(Box<ReplicaSet>),
    /// Its name is taken by another: the hash must be another.
    Collision,
}

/// Makes the set of the Deployment's template, as large as it may be now.
pub(super) async fn create(
    context: &Context,
    deployment: &Deployment,
    sets: &Sets,
    collisions: i32,
) -> Result<Made, kube::Error> {
    let bounds = Bounds::of(deployment);
    let size = if is_recreate(deployment) { bounds.replicas } else { new_size(bounds, 0, sets.total()) };
    let set = new_set(deployment, &sets.old, collisions, size);
    let api =
        Api::<ReplicaSet>::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    match api.create(&PostParams::default(), &set).await {
        Ok(set) => {
            if size > 0 {
                let message = format!("Scaled up replica set {} from 0 to {size}", set.name_any());
                context.recorder.normal(COMPONENT, deployment.object_ref(&()), "ScalingReplicaSet", message);
            }
            Ok(Made::Set(Box::new(set)))
        }
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
            let present = api.get(&set.name_any()).await?;
            let ours = controller_of(&present)
                .is_some_and(|owner| Some(&owner.uid) == deployment.metadata.uid.as_ref());
            let template = present.spec.as_ref().and_then(|spec| spec.template.as_ref());
            let same = template.is_some_and(|template| same(template, &template_of(deployment)));
            Ok(if ours && same { Made::Set(Box::new(present)) } else { Made::Collision })
        }
        Err(error) => Err(error),
    }
}

fn new_set(deployment: &Deployment, old: &[ReplicaSet], collisions: i32, size: i32) -> ReplicaSet {
    let spec = deployment.spec.clone().unwrap_or_default();
    let mut template = spec.template;
    let hash = hash(&template, collisions);
    let metadata = template.metadata.get_or_insert_default();
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), hash.clone());
    let labels = labels.clone();
    let mut selector = spec.selector;
    selector.match_labels.get_or_insert_default().insert(HASH_LABEL.to_owned(), hash.clone());
    let mut annotations = annotations(deployment, None, next_revision(old));
    annotations.extend(size_annotations(Bounds::of(deployment)));
    ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name_any())),
            namespace: deployment.namespace(),
            labels: Some(labels),
            annotations: Some(annotations),
            owner_references: owner(deployment).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(size),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    }
}

fn template_of(deployment: &Deployment) -> PodTemplateSpec {
    deployment.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default()
}

/// What a set was told to have.
pub(super) fn wanted(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default()
}

/// A set as a rollout looks at it.
pub(super) fn size(set: &ReplicaSet) -> Size {
    let available = set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or_default();
    Size { name: set.name_any(), wanted: wanted(set), available }
}
