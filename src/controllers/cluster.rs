//! The objects of a cluster by group, version and kind, whatever they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::discovery::Scope;
use kube::{Api, Client};
use serde_json::Value;

/// What is known of the kinds that a cluster serves. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Kinds {
    known: Arc<Mutex<HashMap<GroupVersionKind, (ApiResource, bool)>>>,
}

/// A cluster as somebody may see it.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) kinds: Kinds,
}

/// An object's identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) kind: GroupVersionKind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Identity {
    pub(super) fn of(object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let api_version = text("/apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        Self {
            kind: GroupVersionKind::gvk(group, version, &text("/kind")),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, namespace, name } = self;
        if namespace.is_empty() {
            write!(formatter, "{}/{name}", kind.kind)
        } else {
            write!(formatter, "{}/{namespace}/{name}", kind.kind)
        }
    }
}

/// Why a kind's objects cannot be reached.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The cluster does not serve it.
    #[error("no matches for kind \"{kind}\" in version \"{version}\"")]
    NoKind {
        /// The kind.
        kind: String,
        /// Group and version.
        version: String,
    },
    /// It lives in namespaces, and none is given.
    #[error("the server could not find the requested resource")]
    NoNamespace,
}

impl Cluster {
    /// The interface to an object's kind and namespace.
    pub(super) async fn api(&self, identity: &Identity) -> Result<Api<DynamicObject>, Error> {
        let (resource, namespaced) = self.resource(&identity.kind).await?;
        match (namespaced, identity.namespace.as_str()) {
            (true, "") => Err(Error::NoNamespace),
            (true, namespace) => Ok(Api::namespaced_with(self.client.clone(), namespace, &resource)),
            (false, _) => Ok(Api::all_with(self.client.clone(), &resource)),
        }
    }

    /// Whether a kind lives in namespaces; kinds that are not served do.
    pub(super) async fn is_namespaced(&self, kind: &GroupVersionKind) -> bool {
        self.resource(kind).await.map_or(true, |(_, namespaced)| namespaced)
    }

    /// Reads an object as JSON; nothing when it is not there or may not be read.
    pub(super) async fn read(&self, identity: &Identity) -> Option<Value> {
        let found = self.api(identity).await.ok()?.get_opt(&identity.name).await.ok()??;
        serde_json::to_value(found).ok()
    }

    async fn resource(&self, kind: &GroupVersionKind) -> Result<(ApiResource, bool), Error> {
        let known =
            |kinds: &Kinds| kinds.known.lock().unwrap_or_else(PoisonError::into_inner).get(kind).cloned();
        if let Some(known) = known(&self.kinds) {
            return Ok(known);
        }
        let found = kube::discovery::pinned_kind(&self.client, kind).await;
        let (resource, capabilities) = found.map_err(|error| {
            tracing::debug!(%error, kind = %kind.kind, "kind not found");
            let version = if kind.group.is_empty() {
                kind.version.clone()
            } else {
                format!("{}/{}", kind.group, kind.version)
            };
            Error::NoKind { kind: kind.kind.clone(), version }
        })?;
        let entry = (resource, capabilities.scope == Scope::Namespaced);
        self.kinds.known.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.clone(), entry.clone());
        Ok(entry)
    }
}
