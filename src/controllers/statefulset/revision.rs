//! The revisions of a template, kept as `ControllerRevision`s: the newest is rolled out, the one before may be needed.

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::super::deployment::hash;
use super::super::workloads::{Context, claim, owner};

/// All revisions of a set, oldest first; the last is that of its template.
pub(super) struct Revisions(Vec<ControllerRevision>);

impl Revisions {
    /// Reads them, and adds the one of the template where it is missing.
    pub(super) async fn ensure(context: &Context, set: &StatefulSet) -> Result<Self, kube::Error> {
        let spec = set.spec.clone().unwrap_or_default();
        let api = Api::<ControllerRevision>::namespaced(
            context.client.clone(),
            &set.namespace().unwrap_or_default(),
        );
        let mut known = claim::<_, ControllerRevision>(&context.client, set, &spec.selector).await?;
        known.sort_by_key(|revision| revision.revision);
        let next = known.last().map_or(1, |last| last.revision + 1);
        let data = data(&spec.template);
        match known.iter().position(|revision| same(revision, &data)) {
            Some(index) if index + 1 == known.len() => {}
            Some(index) => {
                // An old template is back: its revision is the newest again.
                let name = known.remove(index).name_any();
                let patch = Patch::Merge(json!({ "revision": next }));
                known.push(api.patch(&name, &PatchParams::default(), &patch).await?);
            }
            None => {
                let mut collisions = 0;
                loop {
                    let new = new(set, &spec.template, &data, next, collisions);
                    match api.create(&PostParams::default(), &new).await {
                        Ok(revision) => break known.push(revision),
                        Err(kube::Error::Api(status))
                            if status.reason == "AlreadyExists" && collisions < 16 =>
                        {
                            collisions += 1;
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(Self(known))
    }

    /// The name of the newest.
    pub(super) fn update(&self) -> String {
        self.0.last().map(ResourceExt::name_any).unwrap_or_default()
    }

    /// Whether there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|revision| revision.name_any() == name)
    }

    /// The template of a revision.
    pub(super) fn template(&self, name: &str) -> Option<PodTemplateSpec> {
        let revision = self.0.iter().find(|revision| revision.name_any() == name)?;
        let mut template = revision.data.as_ref()?.0.pointer("/spec/template")?.clone();
        template.as_object_mut()?.shift_remove("$patch");
        serde_json::from_value(template).ok()
    }

    /// Removes the oldest beyond the limit, but none that is in use.
    pub(super) async fn forget(
        &self,
        context: &Context,
        set: &StatefulSet,
        used: &[String],
    ) -> Result<(), kube::Error> {
        let limit = set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let unused =
            self.0.iter().filter(|revision| !used.contains(&revision.name_any())).collect::<Vec<_>>();
        let surplus = unused.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        let api = Api::<ControllerRevision>::namespaced(
            context.client.clone(),
            &set.namespace().unwrap_or_default(),
        );
        for revision in unused.into_iter().take(surplus) {
            match api.delete(&revision.name_any(), &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                other => drop(other?),
            }
        }
        Ok(())
    }
}

/// What is kept of a template: a patch that replaces it.
fn data(template: &PodTemplateSpec) -> Value {
    let mut template = serde_json::to_value(template).unwrap_or_default();
    template["$patch"] = "replace".into();
    json!({ "spec": { "template": template } })
}

fn same(revision: &ControllerRevision, data: &Value) -> bool {
    revision.data.as_ref().is_some_and(|own| own.0 == *data)
}

fn new(
    set: &StatefulSet,
    template: &PodTemplateSpec,
    data: &Value,
    number: i64,
    collisions: i32,
) -> ControllerRevision {
    let hash = hash(template, collisions);
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert("controller.kubernetes.io/hash".to_owned(), hash.clone());
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", set.name_any())),
            namespace: set.namespace(),
            labels: Some(labels),
            owner_references: owner(set).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data.clone())),
        revision: number,
    }
}
