//! From a chart and values to what is released: objects, hooks, notes, with what the HelmRelease adds to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::Client;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Map, Value, json};

use super::release::{LastRun, StoredHook};
use crate::controllers::cluster::Identity;
use crate::controllers::kustomization::{image_overrides, patches};
use crate::manifests::charts::{self, Capabilities, Chart, HookEvent, Options, Rendered};
use crate::manifests::{kustomize, yaml};
use crate::objects::flux::HelmRelease;

/// What is released.
pub(super) struct Plan {
    /// In the order of installation.
    pub(super) objects: Vec<Value>,
    /// The objects as text, as Helm stores them.
    pub(super) manifest: String,
    pub(super) hooks: Vec<StoredHook>,
    pub(super) notes: String,
    /// The files of `crds/`.
    pub(super) definitions: Vec<Value>,
}

/// What is rendered.
pub(super) struct Request<'a> {
    pub(super) object: &'a HelmRelease,
    pub(super) chart: Arc<Chart>,
    pub(super) values: Map<String, Value>,
}

/// Helm's word for an event.
pub(super) fn event_name(event: HookEvent) -> &'static str {
    match event {
        HookEvent::PreInstall => "pre-install",
        HookEvent::PostInstall => "post-install",
        HookEvent::PreDelete => "pre-delete",
        HookEvent::PostDelete => "post-delete",
        HookEvent::PreUpgrade => "pre-upgrade",
        HookEvent::PostUpgrade => "post-upgrade",
        HookEvent::PreRollback => "pre-rollback",
        HookEvent::PostRollback => "post-rollback",
        HookEvent::Test => "test",
    }
}

/// The cluster's version and kinds.
async fn capabilities(client: &Client) -> Result<Capabilities, kube::Error> {
    let mut api_versions = Vec::new();
    let mut note = |version: &str, kinds: Vec<String>| {
        api_versions.push(version.to_owned());
        api_versions.extend(kinds.into_iter().map(|kind| format!("{version}/{kind}")));
    };
    let core = client.list_core_api_resources("v1").await?;
    note("v1", core.resources.into_iter().map(|one| one.kind).collect());
    for group in client.list_api_groups().await?.groups {
        for version in group.versions {
            let found = client.list_api_group_resources(&version.group_version).await?;
            note(&version.group_version, found.resources.into_iter().map(|one| one.kind).collect());
        }
    }
    api_versions.sort();
    api_versions.dedup();
    Ok(Capabilities { kube_version: client.apiserver_version().await?.git_version, api_versions })
}

/// Answers a chart's `lookup`; nothing for what is not there.
async fn look_up(
    client: Client,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Value, String> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind::gvk(group, version, kind);
    let Ok((resource, _)) = kube::discovery::pinned_kind(&client, &kind).await else {
        return Ok(Value::Null);
    };
    let api = api_of(client, namespace, &resource);
    let found = if name.is_empty() {
        let list = api.list(&kube::api::ListParams::default()).await.map_err(super::storage::told)?;
        json!({ "apiVersion": api_version, "kind": format!("{}List", kind.kind), "items": list.items })
    } else {
        let found = api.get_opt(name).await.map_err(super::storage::told)?;
        serde_json::to_value(found).map_err(|error| error.to_string())?
    };
    Ok(found)
}

fn api_of(client: Client, namespace: &str, resource: &ApiResource) -> kube::Api<DynamicObject> {
    if namespace.is_empty() {
        kube::Api::all_with(client, resource)
    } else {
        kube::Api::namespaced_with(client, namespace, resource)
    }
}

/// Renders a chart for a revision of a release. The error is in Helm's words.
pub(super) async fn render(
    request: &Request<'_>,
    client: &Client,
    revision: i64,
    is_upgrade: bool,
) -> Result<Plan, String> {
    let object = request.object;
    let capabilities = capabilities(client).await;
    let capabilities = capabilities.map_err(|error| {
        format!("could not get apiVersions from Kubernetes: {}", super::storage::told(error))
    })?;
    let release = charts::Release {
        name: object.release_name(),
        namespace: object.release_namespace(),
        revision,
        is_upgrade,
    };
    let own = if is_upgrade {
        object.spec.upgrade.as_ref().and_then(|upgrade| upgrade.disable_schema_validation)
    } else {
        object.spec.install.as_ref().and_then(|install| install.disable_schema_validation)
    };
    let (chart, values, client) = (request.chart.clone(), request.values.clone(), client.clone());
    let runtime = tokio::runtime::Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let lookup = |api_version: &str, kind: &str, namespace: &str, name: &str| {
            runtime.block_on(look_up(client.clone(), api_version, kind, namespace, name))
        };
        let options = Options { lookup: &lookup, skip_schema: own == Some(true), ..Options::default() };
        charts::render(&chart, &values, &release, &capabilities, &options).map_err(|error| error.to_string())
    });
    let rendered = work.await.map_err(|error| error.to_string())??;
    plan(object, rendered)
}

fn plan(object: &HelmRelease, rendered: Rendered) -> Result<Plan, String> {
    let mut objects = Vec::new();
    for manifest in &rendered.manifests {
        let read = yaml::read_legacy(&manifest.content);
        let read = read.map_err(|error| format!("YAML parse error on {}: {error}", manifest.path))?;
        if read.is_object() {
            objects.push((manifest.path.clone(), read));
        }
    }
    let objects = post_render(object, objects)?;
    let text = |(path, object): &(String, Value)| format!("---\n# Source: {path}\n{}", yaml::write(object));
    let manifest = objects.iter().map(text).collect();
    let hooks = rendered.hooks.into_iter().map(|hook| StoredHook {
        name: hook.manifest.name,
        kind: hook.manifest.kind,
        path: hook.manifest.path,
        manifest: hook.manifest.content,
        events: hook.events.into_iter().map(|event| event_name(event).to_owned()).collect(),
        last_run: LastRun::default(),
        weight: hook.weight,
        delete_policies: hook.delete_policies,
        output_log_policies: hook.output_log_policies,
    });
    let mut definitions = Vec::new();
    for file in &rendered.crds {
        let read = yaml::read_documents(&String::from_utf8_lossy(&file.data));
        let read = read.map_err(|error| {
            format!("failed to parse CustomResourceDefinitions from {}: {error}", file.name)
        })?;
        definitions.extend(read.into_iter().filter(|one| one["kind"] == "CustomResourceDefinition"));
    }
    for definition in &mut definitions {
        mark(object, definition);
    }
    Ok(Plan {
        objects: objects.into_iter().map(|(_, object)| object).collect(),
        manifest,
        hooks: hooks.collect(),
        notes: rendered.notes,
        definitions,
    })
}

/// Sets the labels by which an object's HelmRelease is found.
fn mark(object: &HelmRelease, rendered: &mut Value) {
    let metadata = &object.metadata;
    for (key, value) in [("name", &metadata.name), ("namespace", &metadata.namespace)] {
        put(
            rendered,
            "labels",
            &format!("helm.toolkit.fluxcd.io/{key}"),
            value.as_deref().unwrap_or_default(),
        );
    }
}

fn put(rendered: &mut Value, field: &str, key: &str, value: &str) {
    if !rendered["metadata"][field].is_object() {
        rendered["metadata"][field] = json!({});
    }
    rendered["metadata"][field][key] = value.into();
}

/// Changes rendered objects as the HelmRelease says: patches and images, common metadata, labels of origin.
fn post_render(
    object: &HelmRelease,
    mut objects: Vec<(String, Value)>,
) -> Result<Vec<(String, Value)>, String> {
    for renderer in object.spec.post_renderers.iter().flatten() {
        let Some(kustomize) = &renderer.kustomize else { continue };
        let overlay = kustomize::Overlay {
            patches: patches(kustomize.patches.as_ref()),
            images: image_overrides(kustomize.images.as_ref()),
            ..kustomize::Overlay::default()
        };
        let places: BTreeMap<_, _> =
            objects.iter().map(|(path, one)| (Identity::of(one).to_string(), path.clone())).collect();
        let files = objects
            .iter()
            .enumerate()
            .map(|(at, (_, one))| (format!("{at:05}.yaml"), yaml::write(one).into_bytes()));
        let files = files.collect::<BTreeMap<_, _>>();
        let built = kustomize::build_overlay(&files, "/tmp/post-render", "", &overlay);
        let built = built.map_err(|error| format!("error while running post render on files: {error}"))?;
        let order = |one: &Value| objects.iter().position(|(_, old)| Identity::of(old) == Identity::of(one));
        let mut built =
            built.into_iter().map(|one| (order(&one).unwrap_or(usize::MAX), one)).collect::<Vec<_>>();
        built.sort_by_key(|(at, _)| *at);
        objects = built
            .into_iter()
            .map(|(_, one)| (places.get(&Identity::of(&one).to_string()).cloned().unwrap_or_default(), one))
            .collect();
    }
    for (_, one) in &mut objects {
        if let Some(common) = &object.spec.common_metadata {
            for (field, values) in [("labels", &common.labels), ("annotations", &common.annotations)] {
                for (key, value) in values.iter().flatten() {
                    put(one, field, key, value);
                }
            }
        }
        mark(object, one);
    }
    Ok(objects)
}
