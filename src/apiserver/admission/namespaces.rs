//! Objects need a namespace that stays; namespaces themselves have a label with their name, and a finalizer.

use serde_json::{Value, json};

use crate::apiserver::meta::{self, Meta};
use crate::apiserver::server::Server;
use crate::apiserver::status::{Named, Status};
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;

/// Refuses to make anything in a namespace that is not there, or on its way out.
pub(super) fn check(server: &Server, target: &Target, object: &Value) -> Result<(), Status> {
    let Some(namespace) = target.namespace.as_deref() else { return Ok(()) };
    let found = server.store.get(&Key::new("namespaces", "", namespace));
    let Some(found) = found else {
        return Err(Status::not_found(Named { group: "", plural: "namespaces", name: namespace }));
    };
    if Meta::of(&found.json).deletion_timestamp.is_some() {
        return Err(Status::namespace_terminating(target.named_as(meta::text(object, "name")), namespace));
    }
    Ok(())
}

/// Completes a new namespace.
pub(super) fn complete(object: &mut Value) {
    let name = meta::text(object, "name").to_owned();
    let labels = meta::of_mut(object).entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    if !object["spec"].is_object() {
        object["spec"] = json!({});
    }
    let finalizers =
        object["spec"].as_object_mut().map(|spec| spec.entry("finalizers").or_insert_with(|| json!([])));
    if let Some(finalizers) = finalizers.and_then(Value::as_array_mut)
        && !finalizers.iter().any(|one| one == "kubernetes")
    {
        finalizers.push(json!("kubernetes"));
    }
}

/// Keeps what a changed namespace cannot lose.
pub(super) fn keep(old: &Value, object: &mut Value) {
    let name = meta::text(object, "name").to_owned();
    let labels = meta::of_mut(object).entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    if object.get("spec").is_none() {
        object["spec"] = old["spec"].clone();
    }
}
