//! `namePrefix`, `nameSuffix`, and the references to objects whose names have changed.

use std::collections::HashMap;

use serde_json::Value;

use super::field_paths::visit;
use super::identity::Identity;
use super::resource::Resource;

/// Adds to all names but those that are meant for everybody.
pub(super) fn add_affixes(resources: &mut [Resource], prefix: &str, suffix: &str) {
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    for resource in resources {
        let identity = resource.identity();
        if !matches!(identity.kind.as_str(), "CustomResourceDefinition" | "APIService" | "Namespace") {
            resource.set_metadata("name", &format!("{prefix}{}{suffix}", identity.name));
        }
    }
}

/// Where Pods name other objects, below their spec.
const IN_PODS: [(&str, &str); 18] = [
    ("ConfigMap", "volumes[]/configMap/name"),
    ("ConfigMap", "volumes[]/projected/sources[]/configMap/name"),
    ("ConfigMap", "containers[]/env[]/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "initContainers[]/env[]/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "containers[]/envFrom[]/configMapRef/name"),
    ("ConfigMap", "initContainers[]/envFrom[]/configMapRef/name"),
    ("Secret", "volumes[]/secret/secretName"),
    ("Secret", "volumes[]/projected/sources[]/secret/name"),
    ("Secret", "containers[]/env[]/valueFrom/secretKeyRef/name"),
    ("Secret", "initContainers[]/env[]/valueFrom/secretKeyRef/name"),
    ("Secret", "containers[]/envFrom[]/secretRef/name"),
    ("Secret", "initContainers[]/envFrom[]/secretRef/name"),
    ("Secret", "imagePullSecrets[]/name"),
    ("ServiceAccount", "serviceAccountName"),
    ("PersistentVolumeClaim", "volumes[]/persistentVolumeClaim/claimName"),
    ("PriorityClass", "priorityClassName"),
    ("RuntimeClass", "runtimeClassName"),
    ("ResourceClaim", "resourceClaims[]/resourceClaimName"),
];

/// Where other kinds name objects: who, whom, path.
const ELSEWHERE: [(&str, &str, &str); 17] = [
    ("ServiceAccount", "Secret", "imagePullSecrets[]/name"),
    ("ServiceAccount", "Secret", "secrets[]/name"),
    ("Ingress", "Secret", "spec/tls[]/secretName"),
    ("Ingress", "Service", "spec/rules[]/http/paths[]/backend/service/name"),
    ("Ingress", "Service", "spec/defaultBackend/service/name"),
    ("Ingress", "IngressClass", "spec/ingressClassName"),
    ("StatefulSet", "Service", "spec/serviceName"),
    ("APIService", "Service", "spec/service/name"),
    ("ValidatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("MutatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("PersistentVolumeClaim", "PersistentVolume", "spec/volumeName"),
    ("PersistentVolumeClaim", "StorageClass", "spec/storageClassName"),
    ("PersistentVolume", "StorageClass", "spec/storageClassName"),
    ("StatefulSet", "StorageClass", "spec/volumeClaimTemplates[]/spec/storageClassName"),
    ("Role", "ConfigMap", "rules[]/resourceNames"),
    ("Role", "Secret", "rules[]/resourceNames"),
    ("ClusterRole", "Secret", "rules[]/resourceNames"),
];

/// Where a Pod's spec is, by kind.
pub(super) fn pod_spec(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Pod" => "spec",
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            "spec/template/spec"
        }
        "CronJob" => "spec/jobTemplate/spec/template/spec",
        "PodTemplate" => "template/spec",
        _ => return None,
    })
}

/// What objects were called and are called now, in their order, by the kind and name that they had.
#[derive(Default)]
struct Renamed(HashMap<(String, String), Vec<(Identity, Identity)>>);

impl Renamed {
    fn called(&self, kind: &str, name: &str) -> &[(Identity, Identity)] {
        self.0.get(&(kind.to_owned(), name.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Rewrites references to renamed objects, once all names are final.
pub(super) fn fix_references(resources: &mut [Resource]) {
    let mut renamed = Renamed::default();
    for resource in resources.iter() {
        let now = resource.identity();
        for former in &resource.former {
            if former.name != now.name || former.namespace != now.namespace {
                let called = (former.kind.clone(), former.name.clone());
                renamed.0.entry(called).or_default().push((former.clone(), now.clone()));
            }
        }
    }
    if renamed.0.is_empty() {
        return;
    }
    for resource in resources {
        let own = resource.identities().collect::<Vec<_>>();
        let kind = own[0].kind.clone();
        let find = |target: &str, name: &str| find(&renamed, &own, target, name);
        let mut fix = |target: &str, path: &str| {
            visit(&mut resource.object, path, false, &mut |value| match value {
                Value::Array(names) => {
                    for name in names {
                        replace(name, |name| find(target, name));
                    }
                }
                value => replace(value, |name| find(target, name)),
            });
        };
        if let Some(spec) = pod_spec(&kind) {
            for (target, path) in IN_PODS {
                fix(target, &format!("{spec}/{path}"));
            }
        }
        for (_, target, path) in ELSEWHERE.iter().filter(|(of, ..)| *of == kind) {
            fix(target, path);
        }
        fix_kinds(resource, &renamed, &own);
    }
}

/// References that say the kind themselves: role bindings and autoscalers.
fn fix_kinds(resource: &mut Resource, renamed: &Renamed, own: &[Identity]) {
    let mut fix = |reference: &mut Value| {
        let target = reference["kind"].as_str().unwrap_or_default().to_owned();
        if let Some(name) = reference.get_mut("name") {
            replace(name, |name| find(renamed, own, &target, name));
        }
    };
    match own[0].kind.as_str() {
        "RoleBinding" | "ClusterRoleBinding" => {
            visit(&mut resource.object, "roleRef", false, &mut fix);
            visit(&mut resource.object, "subjects[]", false, &mut |subject| fix_subject(subject, renamed));
        }
        "HorizontalPodAutoscaler" => visit(&mut resource.object, "spec/scaleTargetRef", false, &mut fix),
        _ => {}
    }
}

/// A subject names a service account with its namespace: the one that it had, or the one that it has now.
fn fix_subject(subject: &mut Value, renamed: &Renamed) {
    if subject["kind"] != "ServiceAccount" {
        return;
    }
    let name = subject["name"].as_str().unwrap_or_default();
    let namespace = subject["namespace"].as_str();
    let accounts = renamed.called("ServiceAccount", name).iter();
    let found = match namespace {
        Some(namespace) => accounts
            .clone()
            .find(|(former, _)| former.effective_namespace() == namespace)
            .or_else(|| accounts.clone().find(|(_, now)| now.effective_namespace() == namespace)),
        None => accounts.clone().next().filter(|first| accounts.clone().all(|(_, now)| *now == first.1)),
    };
    if let Some((_, now)) = found {
        subject["name"] = now.name.as_str().into();
        subject["namespace"] = now.namespace.as_str().into();
    }
}

fn replace(value: &mut Value, new: impl Fn(&str) -> Option<String>) {
    if let Some(name) = value.as_str().and_then(new) {
        *value = name.into();
    }
}

/// The new name of the object that a reference means: one that was in the same namespace as who refers to it.
fn find(renamed: &Renamed, own: &[Identity], kind: &str, name: &str) -> Option<String> {
    let candidates = renamed.called(kind, name).iter();
    let shares = |(former, now): &&(Identity, Identity)| {
        !former.is_namespaced()
            || own.iter().any(|own| {
                own.effective_namespace() == former.effective_namespace()
                    || own.effective_namespace() == now.effective_namespace()
            })
    };
    candidates.filter(shares).map(|(_, now)| now.name.clone()).next_back().filter(|now| now != name)
}
