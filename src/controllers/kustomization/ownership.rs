//! Fields that kubectl has changed become Flux' own before an apply, so that the apply can undo them.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership>

use serde_json::{Map, Value, json};

use super::reconcile::MANAGER;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A JSON patch that makes the changes of kubectl those of the controller; nothing when there are none.
pub(super) fn take_over(existing: &Value) -> Option<Value> {
    let mut operations = Vec::new();
    if let Some(entries) = existing.pointer("/metadata/managedFields").and_then(Value::as_array)
        && entries.iter().any(is_taken)
    {
        operations
            .push(json!({ "op": "replace", "path": "/metadata/managedFields", "value": merged(entries) }));
    }
    if existing["metadata"]["annotations"].get(LAST_APPLIED).is_some() {
        let path = format!("/metadata/annotations/{}", LAST_APPLIED.replace('/', "~1"));
        operations.push(json!({ "op": "remove", "path": path }));
    }
    if operations.is_empty() {
        return None;
    }
    let version = existing["metadata"]["resourceVersion"].clone();
    operations.push(json!({ "op": "replace", "path": "/metadata/resourceVersion", "value": version }));
    Some(operations.into())
}

/// Whether an entry is of kubectl, in whatever way, but not of a subresource such as `scale`.
fn is_taken(entry: &Value) -> bool {
    let (manager, operation) = (entry["manager"].as_str().unwrap_or_default(), &entry["operation"]);
    let whole = entry["subresource"].as_str().unwrap_or_default().is_empty();
    let kubectl = manager.starts_with("kubectl") && (operation == "Apply" || operation == "Update");
    let former = (manager.starts_with("before-first-apply") || manager == MANAGER) && operation == "Update";
    whole && (kubectl || former)
}

fn merged(entries: &[Value]) -> Vec<Value> {
    let is_own =
        |entry: &&Value| entry["manager"] == MANAGER && entry["operation"] == "Apply" && !is_taken(entry);
    let taken = entries.iter().filter(|entry| is_taken(entry));
    let mut own = entries.iter().find(is_own).or_else(|| taken.clone().next()).cloned().unwrap_or_default();
    own["manager"] = MANAGER.into();
    own["operation"] = "Apply".into();
    let mut fields = own["fieldsV1"].as_object().cloned().unwrap_or_default();
    for entry in taken {
        unite(&mut fields, entry["fieldsV1"].as_object());
    }
    own["fieldsV1"] = fields.into();
    let others = entries.iter().filter(|entry| !is_own(entry) && !is_taken(entry)).cloned();
    std::iter::once(own).chain(others).collect()
}

fn unite(fields: &mut Map<String, Value>, more: Option<&Map<String, Value>>) {
    for (field, below) in more.into_iter().flatten() {
        let target = fields.entry(field.clone()).or_insert_with(|| json!({}));
        if let Some(target) = target.as_object_mut() {
            unite(target, below.as_object());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_kubectl_are_taken_over_and_those_of_others_left() {
        let entry = |manager: &str, operation: &str, subresource: &str, field: &str| {
            json!({ "manager": manager, "operation": operation, "subresource": subresource,
                "fieldsV1": { "f:spec": { field: {} } } })
        };
        let existing = json!({ "metadata": {
            "resourceVersion": "7",
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
            "managedFields": [
                entry("kustomize-controller", "Apply", "", "f:a"),
                entry("kubectl-label", "Update", "", "f:b"),
                entry("kubectl", "Update", "scale", "f:c"),
                entry("somebody", "Apply", "", "f:d"),
            ],
        } });
        let mut own = entry("kustomize-controller", "Apply", "", "f:a");
        own["fieldsV1"]["f:spec"]["f:b"] = json!({});
        let expected = json!([
            { "op": "replace", "path": "/metadata/managedFields", "value": [
                own, entry("kubectl", "Update", "scale", "f:c"), entry("somebody", "Apply", "", "f:d"),
            ] },
            { "op": "remove",
              "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration" },
            { "op": "replace", "path": "/metadata/resourceVersion", "value": "7" },
        ]);
        assert_eq!(take_over(&existing), Some(expected));
        let clean =
            json!({ "metadata": { "managedFields": [entry("kustomize-controller", "Apply", "", "f:a")] } });
        assert_eq!(take_over(&clean), None);
    }
}
