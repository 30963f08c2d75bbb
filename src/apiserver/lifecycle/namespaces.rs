//! Namespaces: each has a service account and the authority's certificate, and one that is deleted goes after
//! everything in it.

use serde_json::{Value, json};

use crate::apiserver::catalog::Served;
use crate::apiserver::meta::{self, Meta};
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{DeleteOptions, Options, Part};

const NAMESPACES: &str = "namespaces";
const FINALIZER: &str = "kubernetes";

/// Gives a namespace what every namespace has.
pub(crate) fn furnish(server: &Server, namespace: &str) {
    let description = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
        endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across \
        distributions of Kubernetes clusters.";
    let annotations = json!({"kubernetes.io/description": description});
    let certificate = json!({
        "metadata": {"name": "kube-root-ca.crt", "annotations": annotations},
        "data": {"ca.crt": server.ca_certificate}
    });
    let account = json!({"metadata": {"name": "default"}});
    for (word, name, object) in
        [("ServiceAccount", "default", account), ("ConfigMap", "kube-root-ca.crt", certificate)]
    {
        let Some(kind) = server.catalog.by_kind("v1", word) else { continue };
        let target = Target::object(kind, namespace, name);
        if server.store.get(&target.key()).is_some() {
            continue;
        }
        if let Err(status) = server.create(&target, object, &Options::internal()) {
            tracing::debug!(namespace, word, message = status.message(), "a namespace was not furnished");
        }
    }
}

/// Looks after a namespace that has changed.
pub(super) fn changed(server: &Server, name: &str, json: &[u8]) {
    if Meta::of(json).deletion_timestamp.is_some() {
        empty(server, name);
    }
}

/// Something in a namespace is gone: it is made again, or the namespace can go as well.
pub(super) fn left(server: &Server, key: &Key) {
    let Some(namespace) = server.store.get(&Key::new(NAMESPACES, "", &key.namespace)) else { return };
    if Meta::of(&namespace.json).deletion_timestamp.is_some() {
        finish(server, &key.namespace);
    } else if matches!(
        (&*key.resource, &*key.name),
        ("serviceaccounts", "default") | ("configmaps", "kube-root-ca.crt")
    ) {
        furnish(server, &key.namespace);
    }
}

/// Deletes what is in a namespace; what needs time is waited for.
fn empty(server: &Server, namespace: &str) {
    for (kind, key) in contents(server, namespace) {
        let target = Target::object(kind, namespace, &key.name);
        match server.delete(&target, &DeleteOptions::default()) {
            Err(status) if !status.is_not_found() => {
                tracing::debug!(namespace, name = %key.name, message = status.message(), "not deleted yet");
            }
            _ => {}
        }
    }
    finish(server, namespace);
}

/// Lets an empty namespace go, or says what it still waits for.
fn finish(server: &Server, namespace: &str) {
    let Some(kind) = server.catalog.by_kind("v1", "Namespace") else { return };
    let remaining = contents(server, namespace);
    let target = Target::object(kind, "", namespace);
    let written = server.modify(&target, Part::Internal, &Options::internal(), |old| {
        let mut new = old.clone();
        if meta::text(old, "deletionTimestamp").is_empty() {
            return Ok(new);
        }
        if remaining.is_empty() {
            if let Some(finalizers) = new["spec"]["finalizers"].as_array_mut() {
                finalizers.retain(|finalizer| finalizer != FINALIZER);
            }
        } else {
            new["status"]["conditions"] = conditions(server, &old["status"]["conditions"], &remaining);
        }
        Ok(new)
    });
    match written {
        Err(status) if !status.is_not_found() => {
            tracing::warn!(namespace, message = status.message(), "the namespace cannot go");
        }
        _ => {}
    }
}

fn contents(server: &Server, namespace: &str) -> Vec<(Served, Key)> {
    let mut found = Vec::new();
    for resource in server.store.resources() {
        let Some(kind) = server.catalog.by_storage(&resource).filter(|kind| kind.namespaced) else {
            continue;
        };
        for ((namespace, name), _) in server.store.list(&resource, Some(namespace)).1 {
            found.push((kind.clone(), Key { resource: resource.clone(), namespace, name }));
        }
    }
    found
}

/// The conditions that tell why a namespace is still there.
fn conditions(server: &Server, old: &Value, remaining: &[(Served, Key)]) -> Value {
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut finalizers: Vec<(String, usize)> = Vec::new();
    let count =
        |list: &mut Vec<(String, usize)>, name: String| match list.iter_mut().find(|(own, _)| *own == name) {
            Some((_, number)) => *number += 1,
            None => list.push((name, 1)),
        };
    for (kind, key) in remaining {
        let resource = if kind.group.is_empty() { format!("{}.", kind.plural) } else { kind.storage() };
        count(&mut counts, resource);
        let stored = server.store.get(key).map(|object| Meta::of(&object.json)).unwrap_or_default();
        for finalizer in stored.finalizers {
            count(&mut finalizers, finalizer);
        }
    }
    let words = |list: &[(String, usize)], what: &str| {
        let parts: Vec<_> =
            list.iter().map(|(name, number)| format!("{name} {what} {number} resource instances")).collect();
        parts.join(", ")
    };
    let content = format!("Some resources are remaining: {}", words(&counts, "has"));
    let held =
        format!("Some content in the namespace has finalizers remaining: {}", words(&finalizers, "in"));
    let all_finalized = "All content-preserving finalizers finished".to_owned();
    let held = if finalizers.is_empty() {
        ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "False", all_finalized)
    } else {
        ("NamespaceFinalizersRemaining", "SomeFinalizersRemain", "True", held)
    };
    let wanted = [
        (
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "False",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "False",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "False",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        ("NamespaceContentRemaining", "SomeResourcesRemain", "True", content),
        held,
    ];
    let time = meta::now();
    let conditions = wanted.map(|(kind, reason, status, message)| {
        let before = old.as_array().into_iter().flatten().find(|one| one["type"] == kind && one["status"] == status);
        let since = before.map_or_else(|| Value::from(time.as_str()), |before| before["lastTransitionTime"].clone());
        json!({"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message})
    });
    json!(conditions)
}
