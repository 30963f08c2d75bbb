//! Takes the texts that templates made apart into manifests and hooks, in the order in which kinds are installed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::encoding::scalar_text;
use super::error::Error;
use crate::manifests::yaml::read_legacy;

/// An object that a chart makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The template that it comes from.
    pub path: String,
    /// One YAML document, as the template made it.
    pub content: String,
    /// Such as `apps/v1`; empty where the document says none.
    pub api_version: String,
    /// Such as `Deployment`; empty where the document says none.
    pub kind: String,
    /// Its name; empty where the document says none.
    pub name: String,
    /// Whether `helm.sh/resource-policy: keep` saves it from being deleted.
    pub keep: bool,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookEvent {
    /// Before an installation.
    PreInstall,
    /// After an installation.
    PostInstall,
    /// Before a release is deleted.
    PreDelete,
    /// After a release is deleted.
    PostDelete,
    /// Before an upgrade.
    PreUpgrade,
    /// After an upgrade.
    PostUpgrade,
    /// Before a rollback.
    PreRollback,
    /// After a rollback.
    PostRollback,
    /// On `helm test`.
    Test,
}

/// An object that runs at a time of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The object.
    pub manifest: Manifest,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Lower ones run first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
    /// `hook-succeeded`, `hook-failed`.
    pub output_log_policies: Vec<String>,
}

/// The order of kinds in an installation. All others come after, by name.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

static SEPARATOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|\s*\n)---\s*").expect("the pattern is constant"));

/// The documents of a text. A separator may also have text right behind it.
fn split(text: &str) -> Vec<&str> {
    let parts = SEPARATOR.split(text.trim_start());
    parts.map(str::trim_start).filter(|part| !part.is_empty()).collect()
}

/// Separates hooks from all else. Both come in the order of installation, hooks of a weight together.
pub(super) fn sort(files: &BTreeMap<String, String>) -> Result<(Vec<Hook>, Vec<Manifest>), Error> {
    let (mut hooks, mut manifests) = (Vec::new(), Vec::new());
    for (path, text) in files {
        for content in split(text) {
            let head = read_legacy(content)
                .map_err(|error| format!("error converting YAML to JSON: {error}"))
                .and_then(head_of);
            let head = head.map_err(|message| Error::Manifest { path: path.clone(), message })?;
            let manifest = Manifest {
                path: path.clone(),
                content: content.to_owned(),
                api_version: head.api_version,
                kind: head.kind,
                name: head.name,
                keep: head
                    .annotations
                    .get("helm.sh/resource-policy")
                    .is_some_and(|policy| policy.trim().eq_ignore_ascii_case("keep")),
            };
            match head.annotations.get("helm.sh/hook") {
                None => manifests.push(manifest),
                Some(events) => hooks.extend(hook(manifest, events, &head.annotations)),
            }
        }
    }
    manifests.sort_by(|a, b| rank(&a.kind).cmp(&rank(&b.kind)));
    hooks.sort_by(|a, b| rank(&a.manifest.kind).cmp(&rank(&b.manifest.kind)));
    hooks.sort_by(|a, b| (a.weight, &a.manifest.name).cmp(&(b.weight, &b.manifest.name)));
    Ok((hooks, manifests))
}

fn rank(kind: &str) -> (usize, &str) {
    match INSTALL_ORDER.iter().position(|known| *known == kind) {
        Some(at) => (at, ""),
        None => (INSTALL_ORDER.len(), kind),
    }
}

struct Head {
    api_version: String,
    kind: String,
    name: String,
    annotations: BTreeMap<String, String>,
}

fn head_of(json: Json) -> Result<Head, String> {
    let wrong = |kind: &str, field: &str| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go struct field \
             {field} of type string"
        )
    };
    let kind_of = |json: &Json| match json {
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::Array(_) => "array",
        Json::String(_) => "string",
        _ => "object",
    };
    if !json.is_object() && !json.is_null() {
        return Err(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type \
             util.SimpleHead",
            kind_of(&json)
        ));
    }
    let text = |json: Option<&Json>, field: &str| match json {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(json) => scalar_text(json).ok_or_else(|| wrong(kind_of(json), field)),
    };
    let metadata = json.get("metadata");
    let mut annotations = BTreeMap::new();
    if let Some(Json::Object(given)) = metadata.and_then(|metadata| metadata.get("annotations")) {
        for (key, value) in given {
            let value = text(Some(value), "SimpleHead.metadata.annotations")?;
            annotations.insert(key.clone(), value);
        }
    }
    Ok(Head {
        api_version: text(json.get("apiVersion"), "SimpleHead.apiVersion")?,
        kind: text(json.get("kind"), "SimpleHead.kind")?,
        name: text(metadata.and_then(|metadata| metadata.get("name")), "SimpleHead.metadata.name")?,
        annotations,
    })
}

/// Nothing where an event is unknown: Helm leaves the whole object out.
fn hook(manifest: Manifest, events: &str, annotations: &BTreeMap<String, String>) -> Option<Hook> {
    let event = |event: &str| {
        Some(match event.trim().to_lowercase().as_str() {
            "pre-install" => HookEvent::PreInstall,
            "post-install" => HookEvent::PostInstall,
            "pre-delete" => HookEvent::PreDelete,
            "post-delete" => HookEvent::PostDelete,
            "pre-upgrade" => HookEvent::PreUpgrade,
            "post-upgrade" => HookEvent::PostUpgrade,
            "pre-rollback" => HookEvent::PreRollback,
            "post-rollback" => HookEvent::PostRollback,
            "test" | "test-success" => HookEvent::Test,
            _ => return None,
        })
    };
    let policies = |annotation: &str| {
        let given = annotations.get(annotation).map(String::as_str);
        given.map(|given| given.split(',').map(|policy| policy.trim().to_lowercase()).collect::<Vec<_>>())
    };
    Some(Hook {
        manifest,
        events: events.split(',').map(event).collect::<Option<_>>()?,
        weight: annotations.get("helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0),
        delete_policies: policies("helm.sh/hook-delete-policy").unwrap_or_default(),
        output_log_policies: policies("helm.sh/hook-output-log-policy").unwrap_or_default(),
    })
}
