//! What a pod gets besides its schema's defaults: a service account with its token's volume, priority, tolerations,
//! and the class of service that its resources make.

use serde_json::{Value, json};

use super::priorities;
use crate::apiserver::meta;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;

const MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Completes a new pod.
pub(super) fn complete(server: &Server, target: &Target, pod: &mut Value) -> Result<(), Status> {
    if !pod["spec"].is_object() {
        return Ok(());
    }
    let class = class(&pod["spec"]);
    pod["status"]["qosClass"] = class.into();
    let spec = &mut pod["spec"];
    let account = spec["serviceAccountName"].as_str().filter(|name| !name.is_empty());
    let account = account.unwrap_or("default").to_owned();
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let Some(found) = server.store.get(&Key::new("serviceaccounts", namespace, &account)) else {
        let message = format!(
            "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
        );
        return Err(Status::forbidden(target.named_as(name), &message));
    };
    let spec = &mut pod["spec"];
    spec["serviceAccountName"] = account.as_str().into();
    spec["serviceAccount"] = account.into();
    let found: Value = serde_json::from_slice(&found.json).unwrap_or_default();
    let mounts = spec["automountServiceAccountToken"].as_bool();
    if mounts.or(found["automountServiceAccountToken"].as_bool()).unwrap_or(true) {
        mount_token(spec);
    }
    tolerate(spec);
    priorities::complete(server, target, pod)
}

/// Keeps what a changed pod cannot lose.
pub(super) fn keep(pod: &mut Value) {
    if pod["spec"].is_object() && pod["metadata"].get("deletionTimestamp").is_none() {
        tolerate(&mut pod["spec"]);
    }
}

fn mount_token(spec: &mut Value) {
    let volume = format!("kube-api-access-{}", meta::suffix());
    let mounted = |container: &Value| {
        let mounts = container["volumeMounts"].as_array();
        mounts.is_some_and(|mounts| mounts.iter().any(|mount| mount["mountPath"] == MOUNT))
    };
    let mut used = false;
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if mounted(container) || !container.is_object() {
                continue;
            }
            used = true;
            let mount = json!({"name": volume, "readOnly": true, "mountPath": MOUNT});
            match container["volumeMounts"].as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => container["volumeMounts"] = json!([mount]),
            }
        }
    }
    if !used {
        return;
    }
    let field = json!({"apiVersion": "v1", "fieldPath": "metadata.namespace"});
    let sources = json!([
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
    ]);
    let volume = json!({"name": volume, "projected": {"sources": sources, "defaultMode": 420}});
    match spec["volumes"].as_array_mut() {
        Some(volumes) => volumes.push(volume),
        None => spec["volumes"] = json!([volume]),
    }
}

fn tolerate(spec: &mut Value) {
    if !spec["tolerations"].is_array() {
        spec["tolerations"] = json!([]);
    }
    let Some(tolerations) = spec["tolerations"].as_array_mut() else { return };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covered = tolerations.iter().any(|toleration| {
            let own = toleration["key"].as_str().unwrap_or_default();
            own == key || (own.is_empty() && toleration["operator"] == "Exists")
        });
        if !covered {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300
            }));
        }
    }
}

/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>
fn class(spec: &Value) -> &'static str {
    let lists = ["containers", "initContainers"];
    let containers = lists.iter().filter_map(|list| spec[*list].as_array()).flatten();
    let (mut any, mut guaranteed) = (false, true);
    for container in containers {
        for resource in ["cpu", "memory"] {
            let (request, limit) =
                (&container["resources"]["requests"][resource], &container["resources"]["limits"][resource]);
            any |= !request.is_null() || !limit.is_null();
            guaranteed &= !limit.is_null() && (request.is_null() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
