//! `POST /hook/<digest>`: asks for the reconciliation of a Receiver's resources.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use super::signature::{check, token};
use crate::objects::flux::{RECONCILE_ANNOTATION, Receiver, ReceiverResource};

/// The largest payload that is taken.
const BODY_LIMIT: usize = 8 << 20;

/// The routes of the webhook receiver. `client` needs the rights of the notification controller.
pub fn receiver_router(client: Client) -> Router {
    Router::new()
        .route("/hook/{digest}", post(hook))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(client))
}

/// The answer is a status only: callers learn nothing about the cluster.
async fn hook(
    State(client): State<Arc<Client>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Ok(receivers) = Api::<Receiver>::all((*client).clone()).list(&ListParams::default()).await else {
        return StatusCode::INTERNAL_SERVER_ERROR;
    };
    let path = |receiver: &Receiver| receiver.status.as_ref().and_then(|status| status.webhook_path.clone());
    let Some(receiver) = receivers.items.into_iter().find(|one| path(one).as_deref() == Some(uri.path()))
    else {
        return StatusCode::NOT_FOUND;
    };
    let (namespace, name) = (receiver.namespace().unwrap_or_default(), receiver.name_any());
    let ready = receiver.status.iter().flat_map(|status| &status.conditions);
    let ready = ready.into_iter().any(|condition| condition.kind == "Ready" && condition.status == "True");
    if receiver.spec.suspend == Some(true) || !ready {
        tracing::info!(namespace, name, "receiver is not ready");
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let checked = match token(&client, &receiver).await {
        Ok(token) => check(&receiver, &token, &headers, &body),
        Err(reason) => Err(reason),
    };
    if let Err(reason) = checked {
        tracing::info!(namespace, name, reason, "unable to validate payload");
        return StatusCode::BAD_REQUEST;
    }
    // One resource that is missing keeps nothing from the others, but the caller is told that something failed.
    let mut failed = false;
    for resource in &receiver.spec.resources {
        if let Err(reason) = request(&client, resource, &namespace).await {
            tracing::info!(namespace, name, kind = resource.kind, reason, "unable to request reconciliation");
            failed = true;
        }
    }
    if failed { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

async fn request(client: &Client, resource: &ReceiverResource, namespace: &str) -> Result<(), String> {
    let namespace = resource.namespace.as_deref().unwrap_or(namespace);
    let kind = kind(resource)?;
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind));
    if resource.name != "*" {
        return annotate(&api, &resource.name).await;
    }
    let labels = resource.match_labels.as_ref();
    let labels = labels.ok_or("matchLabels field not set when using wildcard '*' as name")?;
    let selector = labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    let list = api
        .list_metadata(&ListParams::default().labels(&selector))
        .await
        .map_err(|error| error.to_string())?;
    for found in list.items {
        annotate(&api, &found.name_any()).await?;
    }
    Ok(())
}

/// The kind, in Flux's own version where none is said.
fn kind(resource: &ReceiverResource) -> Result<GroupVersionKind, String> {
    let version = match (resource.api_version.as_deref(), resource.kind.as_str()) {
        (Some(version), _) if !version.is_empty() => version,
        (
            _,
            "Bucket" | "HelmChart" | "HelmRepository" | "GitRepository" | "OCIRepository"
            | "ExternalArtifact",
        ) => "source.toolkit.fluxcd.io/v1",
        (_, "Kustomization") => "kustomize.toolkit.fluxcd.io/v1",
        (_, "HelmRelease") => "helm.toolkit.fluxcd.io/v2",
        (_, "ImageRepository" | "ImagePolicy" | "ImageUpdateAutomation") => "image.toolkit.fluxcd.io/v1",
        (_, "ArtifactGenerator") => "source.extensions.fluxcd.io/v1beta1",
        (_, kind) => return Err(format!("apiVersion must be specified for kind `{kind}`")),
    };
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    Ok(GroupVersionKind::gvk(group, version, &resource.kind))
}

async fn annotate(api: &Api<DynamicObject>, name: &str) -> Result<(), String> {
    let now = jiff::Timestamp::now().to_string();
    let patch = Patch::Merge(json!({ "metadata": { "annotations": { RECONCILE_ANNOTATION: now } } }));
    let params =
        PatchParams { field_manager: Some("notification-controller".to_owned()), ..PatchParams::default() };
    api.patch_metadata(name, &params, &patch).await.map(drop).map_err(|error| error.to_string())
}
