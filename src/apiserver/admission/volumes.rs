//! Volumes and claims go after those who use them (the controllers see to that), and a claim's source is written in
//! the older and in the newer field.

use serde_json::{Value, json};

use crate::apiserver::meta;

/// Gives a new claim or volume the finalizer that keeps it while it is used.
pub(super) fn protect(object: &mut Value, finalizer: &str) {
    let finalizers = meta::of_mut(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(finalizers) = finalizers.as_array_mut()
        && !finalizers.iter().any(|one| one == finalizer)
    {
        finalizers.push(finalizer.into());
    }
}

/// Drops a source that is none, and writes one of the two fields into the other.
pub(super) fn complete_source(claim: &mut Value) {
    let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let known = |source: &Value| {
        let text = |field: &str| source[field].as_str().unwrap_or_default();
        let kind = (text("apiGroup"), text("kind"));
        matches!(kind, ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    };
    if spec.get("dataSource").is_some_and(|source| !known(source)) {
        spec.shift_remove("dataSource");
    }
    for (from, to) in [("dataSource", "dataSourceRef"), ("dataSourceRef", "dataSource")] {
        let Some(mut source) = spec.get(from).filter(|source| source.is_object()).cloned() else { continue };
        let elsewhere = source["namespace"].as_str().is_some_and(|namespace| !namespace.is_empty());
        if spec.get(to).is_some() || elsewhere || (to == "dataSource" && !known(&source)) {
            continue;
        }
        // The group of the core is written as null.
        for field in ["dataSource", "dataSourceRef"] {
            if source["apiGroup"].as_str().unwrap_or_default().is_empty() {
                source["apiGroup"] = Value::Null;
            }
            spec.insert(field.to_owned(), source.clone());
        }
    }
}
