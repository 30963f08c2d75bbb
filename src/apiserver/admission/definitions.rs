//! A custom resource definition is served at once, so that its status says so at once.

use serde_json::{Value, json};

use crate::apiserver::meta;
use crate::apiserver::status::Status;
use crate::apiserver::types::{FieldError, Kind, Reason};

/// The finalizer under which the objects of a definition go before the definition.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Completes names and status, and sees to it that objects go before their definition.
pub(super) fn complete(object: &mut Value) -> Result<(), Status> {
    check(object)?;
    let deleting = !meta::text(object, "deletionTimestamp").is_empty();
    let names = &mut object["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if names["singular"].as_str().unwrap_or_default().is_empty() {
        names["singular"] = kind.to_lowercase().into();
    }
    if names["listKind"].as_str().unwrap_or_default().is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
    let accepted = names.clone();
    if object["spec"].get("conversion").is_none() {
        object["spec"]["conversion"] = json!({"strategy": "None"});
    }
    let versions = object["spec"]["versions"].as_array().into_iter().flatten();
    let storage =
        versions.filter(|version| version["storage"] == true).filter_map(|version| version["name"].as_str());
    let storage: Vec<_> = storage.map(str::to_owned).collect();
    if deleting {
        return Ok(());
    }
    let finalizers = meta::of_mut(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(finalizers) = finalizers.as_array_mut()
        && !finalizers.iter().any(|finalizer| finalizer == CLEANUP)
    {
        finalizers.push(CLEANUP.into());
    }
    let before = object["status"].take();
    let mut stored: Vec<Value> = before["storedVersions"].as_array().cloned().unwrap_or_default();
    for version in storage {
        if !stored.contains(&Value::from(version.as_str())) {
            stored.push(version.into());
        }
    }
    let conditions = match before["conditions"].as_array() {
        Some(conditions) if !conditions.is_empty() => conditions.clone(),
        _ => {
            let condition = |kind: &str, reason: &str, message: &str| {
                json!({
                    "lastTransitionTime": meta::now(), "message": message, "reason": reason, "status": "True",
                    "type": kind
                })
            };
            vec![
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ]
        }
    };
    object["status"] = json!({"conditions": conditions, "acceptedNames": accepted, "storedVersions": stored});
    Ok(())
}

/// Refuses a definition whose kinds could not be served.
fn check(object: &Value) -> Result<(), Status> {
    let name = meta::text(object, "name");
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let wanted = format!("{}.{}", text("/spec/names/plural"), text("/spec/group"));
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: String| {
        errors.push(FieldError { field: field.to_owned(), reason: Reason::Invalid, message });
    };
    if name != wanted {
        let message = format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
        refuse("metadata.name", message);
    }
    if let Err(error) = Kind::from_crd(object) {
        refuse("spec", format!("Invalid value: {error}"));
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid("CustomResourceDefinition", "apiextensions.k8s.io", name, &errors))
}
