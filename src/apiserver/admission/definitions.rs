//! A custom resource definition is served at once, so that its status says so at once.

use serde_json::{Value, json};

use crate::apiserver::meta;

/// The finalizer under which the objects of a definition go before the definition.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Completes names and status, and sees to it that objects go before their definition.
pub(super) fn complete(object: &mut Value) {
    let deleting = !meta::text(object, "deletionTimestamp").is_empty();
    let names = &mut object["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if names["singular"].as_str().unwrap_or_default().is_empty() {
        names["singular"] = kind.to_lowercase().into();
    }
    if !kind.is_empty() && names["listKind"].as_str().unwrap_or_default().is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
    let accepted = names.clone();
    if object["spec"].get("conversion").is_none() {
        object["spec"]["conversion"] = json!({"strategy": "None"});
    }
    let versions = object["spec"]["versions"].as_array().into_iter().flatten();
    let storage = versions.into_iter().find(|version| version["storage"] == true);
    let storage = storage.and_then(|version| version["name"].as_str()).map(str::to_owned);
    if deleting {
        return;
    }
    let finalizers = meta::of_mut(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(finalizers) = finalizers.as_array_mut()
        && !finalizers.iter().any(|finalizer| finalizer == CLEANUP)
    {
        finalizers.push(CLEANUP.into());
    }
    let before = object["status"].take();
    let mut stored: Vec<Value> = before["storedVersions"].as_array().cloned().unwrap_or_default();
    if let Some(version) = storage.map(Value::from).filter(|version| !stored.contains(version)) {
        stored.push(version);
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
}
