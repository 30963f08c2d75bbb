//! Pods of a template: made and deleted, and told of in Events.

use k8s_openapi::api::core::v1::{ObjectReference, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Resource, ResourceExt as _};
use serde_json::json;

use super::Context;
use super::ownership::owner;

/// A Pod of a template that `parent` controls; its name is still to be given.
pub(in super::super) fn new_pod<P: Resource<DynamicType = ()>>(
    parent: &P,
    template: &PodTemplateSpec,
) -> Pod {
    let given = template.metadata.clone().unwrap_or_default();
    let metadata = ObjectMeta {
        namespace: parent.namespace(),
        labels: given.labels,
        annotations: given.annotations,
        finalizers: given.finalizers,
        owner_references: owner(parent).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: template.spec.clone(), status: None }
}

/// Makes a Pod and tells it about `parent`.
pub(in super::super) async fn create(
    context: &Context,
    component: &str,
    parent: ObjectReference,
    pod: &Pod,
) -> Result<Pod, kube::Error> {
    let api = Api::<Pod>::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    match api.create(&PostParams::default(), pod).await {
        Ok(pod) => {
            let message = format!("Created pod: {}", pod.name_any());
            context.recorder.normal(component, parent, "SuccessfulCreate", message);
            Ok(pod)
        }
        Err(error) => {
            context.recorder.warning(component, parent, "FailedCreate", refused("Error creating", &error));
            Err(error)
        }
    }
}

/// Deletes a Pod and tells it about `parent`. One that is gone is left alone.
pub(in super::super) async fn delete(
    context: &Context,
    component: &str,
    parent: ObjectReference,
    pod: &Pod,
) -> Result<(), kube::Error> {
    let api = Api::<Pod>::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    let preconditions = Preconditions { uid: pod.uid(), resource_version: None };
    let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match api.delete(&pod.name_any(), &parameters).await {
        Ok(_) => {
            let message = format!("Deleted pod: {}", pod.name_any());
            context.recorder.normal(component, parent, "SuccessfulDelete", message);
            Ok(())
        }
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => {
            context.recorder.warning(component, parent, "FailedDelete", refused("Error deleting", &error));
            Err(error)
        }
    }
}

/// Takes a finalizer off a Pod. One that is gone is left alone.
pub(in super::super) async fn remove_finalizer(
    context: &Context,
    pod: &Pod,
    finalizer: &str,
) -> Result<(), kube::Error> {
    let rest = pod.finalizers().iter().filter(|one| *one != finalizer).collect::<Vec<_>>();
    if rest.len() == pod.finalizers().len() {
        return Ok(());
    }
    let patch = Patch::Merge(json!({ "metadata": { "uid": pod.uid(), "finalizers": rest } }));
    let api = Api::<Pod>::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    match api.patch(&pod.name_any(), &PatchParams::default(), &patch).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(|_| ()),
    }
}

fn refused(what: &str, error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{what}: {}", status.message),
        other => format!("{what}: {other}"),
    }
}
