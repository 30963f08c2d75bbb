//! Statuses of Flux's kinds: conditions in Flux's order, and patches that carry only what has changed.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::objects::{Condition, flux::FINALIZER};

/// The time as Kubernetes writes it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The conditions of an object under reconciliation.
pub(super) struct Conditions<'a> {
    /// The list in the status.
    pub(super) list: &'a mut Vec<Condition>,
    /// The generation that is reconciled.
    pub(super) generation: Option<i64>,
}

impl Conditions<'_> {
    /// Sets a condition. Its time changes with what it says.
    pub(super) fn set(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let mut condition = Condition {
            last_transition_time: now(),
            message: message.chars().take(32_000).collect(),
            observed_generation: self.generation,
            reason: reason.to_owned(),
            status: status.to_owned(),
            kind: kind.to_owned(),
        };
        if let Some(old) = self.get(kind) {
            let says = |one: &Condition| (one.status.clone(), one.reason.clone(), one.message.clone());
            if says(old) == says(&condition) {
                condition.last_transition_time.clone_from(&old.last_transition_time);
            }
        }
        self.remove(kind);
        self.list.push(condition);
        let rank = |kind: &str| ["Stalled", "Reconciling", "Ready"].iter().position(|known| *known == kind);
        self.list.sort_by_cached_key(|one| (rank(&one.kind).unwrap_or(usize::MAX), one.kind.clone()));
    }

    pub(super) fn get(&self, kind: &str) -> Option<&Condition> {
        self.list.iter().find(|condition| condition.kind == kind)
    }

    pub(super) fn is(&self, kind: &str, status: &str) -> bool {
        self.get(kind).is_some_and(|condition| condition.status == status)
    }

    pub(super) fn remove(&mut self, kind: &str) {
        self.list.retain(|condition| condition.kind != kind);
    }

    /// Closes a reconciliation: done objects are not reconciling any more, failed ones are with retries.
    pub(super) fn finish(&mut self) {
        if self.is("Ready", "True") {
            self.remove("Reconciling");
        } else if self.is("Ready", "False")
            && let Some(message) = self.get("Reconciling").map(|condition| condition.message.clone())
        {
            self.set("Reconciling", "True", "ProgressingWithRetry", &message);
        }
    }
}

/// Patches the status and the finalizer of one object.
pub(super) struct Patcher<K> {
    api: Api<K>,
    name: String,
    manager: &'static str,
    last: Value,
}

impl<K> Patcher<K>
where
    K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    pub(super) fn new<S: Serialize>(
        client: &kube::Client,
        object: &K,
        status: &S,
        manager: &'static str,
    ) -> Self {
        let api = Api::namespaced(client.clone(), &object.namespace().unwrap_or_default());
        let last = serde_json::to_value(status).unwrap_or_default();
        Self { api, name: object.name_any(), manager, last }
    }

    /// Writes what differs from the status that was last written. An object that is gone is no error.
    pub(super) async fn status<S: Serialize>(&mut self, status: &S) -> Result<(), kube::Error> {
        let new = serde_json::to_value(status).unwrap_or_default();
        let Some(changes) = difference(&self.last, &new) else { return Ok(()) };
        let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
        let patch = Patch::Merge(json!({ "status": changes }));
        match self.api.patch_status(&self.name, &params, &patch).await {
            Ok(_) => self.last = new,
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Adds Flux's finalizer where it is missing.
    pub(super) async fn add_finalizer(&self, object: &K) -> Result<(), kube::Error> {
        if object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(());
        }
        let mut finalizers = object.finalizers().to_vec();
        finalizers.push(FINALIZER.to_owned());
        self.finalizers(object, &finalizers).await
    }

    /// Takes Flux's finalizer away, so that the object can go.
    pub(super) async fn remove_finalizer(&self, object: &K) -> Result<(), kube::Error> {
        let rest = object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).cloned();
        self.finalizers(object, &rest.collect::<Vec<_>>()).await
    }

    async fn finalizers(&self, object: &K, finalizers: &[String]) -> Result<(), kube::Error> {
        let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
        let patch = json!({ "metadata": { "finalizers": finalizers, "uid": object.uid() } });
        match self.api.patch(&self.name, &params, &Patch::Merge(patch)).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            result => result.map(drop),
        }
    }
}

/// A merge patch from `old` to `new`; nothing when they are the same.
fn difference(old: &Value, new: &Value) -> Option<Value> {
    if old == new {
        return None;
    }
    let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else { return Some(new.clone()) };
    let mut changes = Map::new();
    for (field, value) in after {
        if let Some(change) = difference(before.get(field).unwrap_or(&Value::Null), value) {
            changes.insert(field.clone(), change);
        }
    }
    changes.extend(
        before.keys().filter(|field| !after.contains_key(*field)).map(|field| (field.clone(), Value::Null)),
    );
    Some(Value::Object(changes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_carry_only_what_changed() {
        let old = json!({ "a": 1, "b": { "c": 1, "d": 2 }, "gone": [1], "list": [1, 2] });
        let new = json!({ "a": 1, "b": { "c": 1, "d": 3 }, "list": [2] });
        assert_eq!(difference(&old, &new), Some(json!({ "b": { "d": 3 }, "list": [2], "gone": null })));
        assert_eq!(difference(&old, &old), None);
    }

    #[test]
    fn conditions_stand_in_the_order_of_flux_and_keep_their_times() {
        let mut list = Vec::new();
        let mut conditions = Conditions { list: &mut list, generation: Some(2) };
        for kind in ["Healthy", "Ready", "ArtifactInStorage", "Reconciling"] {
            conditions.set(kind, "False", "Why", "because");
        }
        conditions.list[3].last_transition_time = "then".to_owned();
        conditions.set("Healthy", "False", "Why", "because");
        conditions.finish();
        let shown =
            conditions.list.iter().map(|one| format!("{} {}", one.kind, one.reason)).collect::<Vec<_>>();
        assert_eq!(
            shown,
            ["Reconciling ProgressingWithRetry", "Ready Why", "ArtifactInStorage Why", "Healthy Why"]
        );
        assert_eq!(conditions.get("Healthy").unwrap().last_transition_time, "then");
    }
}
