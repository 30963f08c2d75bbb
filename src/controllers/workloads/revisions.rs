//! The revisions of a template, kept as `ControllerRevision`s: the newest is rolled out, those before it are what
//! `kubectl rollout history` and `undo` find. For the kinds that have no `ReplicaSet`s for it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use super::super::deployment::hash;
use super::{Context, claim, owner};

/// What a kind keeps of its templates, and how.
pub(in super::super) struct Kept<'a> {
    /// Finds the revisions.
    pub(in super::super) selector: &'a LabelSelector,
    /// What is rolled out.
    pub(in super::super) template: &'a PodTemplateSpec,
    /// The label that holds a revision's hash.
    pub(in super::super) label: &'static str,
    /// Those of a new revision.
    pub(in super::super) annotations: Option<BTreeMap<String, String>>,
    /// How many are kept that nothing is of any more.
    pub(in super::super) limit: Option<i32>,
}

/// All revisions of a parent, oldest first; the last is that of its template.
pub(in super::super) struct Revisions {
    known: Vec<ControllerRevision>,
    api: Api<ControllerRevision>,
    limit: usize,
}

impl Revisions {
    /// Reads them, and adds the one of the template where it is missing.
    pub(in super::super) async fn ensure<P: Resource<DynamicType = ()>>(
        context: &Context,
        parent: &P,
        kept: &Kept<'_>,
    ) -> Result<Self, kube::Error> {
        let api = Api::<ControllerRevision>::namespaced(
            context.client.clone(),
            &parent.namespace().unwrap_or_default(),
        );
        let mut known = claim::<_, ControllerRevision>(&context.client, parent, kept.selector).await?;
        known.sort_by_key(|revision| revision.revision);
        let next = known.last().map_or(1, |last| last.revision + 1);
        let data = data(kept.template);
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
                    let new = new(parent, kept, &data, next, collisions);
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
        let limit = usize::try_from(kept.limit.unwrap_or(10)).unwrap_or_default();
        Ok(Self { known, api, limit })
    }

    /// The name of the newest.
    pub(in super::super) fn update(&self) -> String {
        self.known.last().map(ResourceExt::name_any).unwrap_or_default()
    }

    /// The hash of the newest, as its label holds it.
    pub(in super::super) fn hash(&self, label: &str) -> String {
        self.known.last().and_then(|last| last.labels().get(label).cloned()).unwrap_or_default()
    }

    /// The names of those whose hash is among these.
    pub(in super::super) fn named(&self, label: &str, hashes: &[&str]) -> Vec<String> {
        let wanted = |revision: &&ControllerRevision| {
            revision.labels().get(label).is_some_and(|hash| hashes.contains(&hash.as_str()))
        };
        self.known.iter().filter(wanted).map(ResourceExt::name_any).collect()
    }

    /// Whether there is one of this name.
    pub(in super::super) fn has(&self, name: &str) -> bool {
        self.known.iter().any(|revision| revision.name_any() == name)
    }

    /// The template of a revision.
    pub(in super::super) fn template(&self, name: &str) -> Option<PodTemplateSpec> {
        let revision = self.known.iter().find(|revision| revision.name_any() == name)?;
        let mut template = revision.data.as_ref()?.0.pointer("/spec/template")?.clone();
        template.as_object_mut()?.shift_remove("$patch");
        serde_json::from_value(template).ok()
    }

    /// Removes the oldest beyond the limit, but none that is in use.
    pub(in super::super) async fn forget(&self, used: &[String]) -> Result<(), kube::Error> {
        let unused =
            self.known.iter().filter(|revision| !used.contains(&revision.name_any())).collect::<Vec<_>>();
        let surplus = unused.len().saturating_sub(self.limit);
        for revision in unused.into_iter().take(surplus) {
            match self.api.delete(&revision.name_any(), &DeleteParams::default()).await {
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

fn new<P: Resource<DynamicType = ()>>(
    parent: &P,
    kept: &Kept<'_>,
    data: &Value,
    number: i64,
    collisions: i32,
) -> ControllerRevision {
    let hash = hash(kept.template, collisions);
    let labels = kept.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.insert(kept.label.to_owned(), hash.clone());
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", parent.name_any())),
            namespace: parent.namespace(),
            labels: Some(labels),
            annotations: kept.annotations.clone(),
            owner_references: owner(parent).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: Some(RawExtension(data.clone())),
        revision: number,
    }
}
