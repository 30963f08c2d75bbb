//! A custom resource definition that is deleted goes after its objects.

use crate::apiserver::admission::CLEANUP;
use crate::apiserver::catalog::{self, DEFINITIONS};
use crate::apiserver::meta::{self, Meta};
use crate::apiserver::respond;
use crate::apiserver::server::Server;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{DeleteOptions, Options, Part};

/// Looks after a definition that has changed.
pub(super) fn changed(server: &Server, name: &str, json: &[u8]) {
    if Meta::of(json).deletion_timestamp.is_none() {
        return;
    }
    let Ok(definition) = respond::parse(json) else { return };
    let text =
        |pointer: &str| definition.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default();
    let resource = catalog::storage(text("/spec/group"), text("/spec/names/plural"));
    let (_, objects) = server.store.list(&resource, None);
    let kind = server.catalog.by_storage(&resource);
    for ((namespace, own), _) in &objects {
        let Some(kind) = kind.clone() else { break };
        let target = Target::object(kind, namespace, own);
        if let Err(status) = server.delete(&target, &DeleteOptions::default()) {
            tracing::debug!(name = %own, message = status.message(), "not deleted yet");
        }
    }
    if server.store.list(&resource, None).1.is_empty() {
        finish(server, name);
    }
}

/// An object of some definition is gone: perhaps the definition can go.
pub(super) fn left(server: &Server, key: &Key) {
    if !key.resource.contains('.') {
        return;
    }
    if let Some(definition) = server.store.get(&Key::new(DEFINITIONS, "", &key.resource)) {
        changed(server, &key.resource, &definition.json);
    }
}

fn finish(server: &Server, name: &str) {
    let Some(kind) = server.catalog.by_storage(DEFINITIONS) else { return };
    let target = Target::object(kind, "", name);
    let written = server.modify(&target, Part::Internal, &Options::internal(), |old| {
        let mut new = old.clone();
        if let Some(finalizers) =
            meta::of_mut(&mut new).get_mut("finalizers").and_then(|list| list.as_array_mut())
        {
            finalizers.retain(|finalizer| finalizer != CLEANUP);
        }
        Ok(new)
    });
    match written {
        Err(status) if !status.is_not_found() => {
            tracing::warn!(name, message = status.message(), "the definition cannot go");
        }
        _ => {}
    }
}
