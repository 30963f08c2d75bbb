//! Objects as the kustomize controller sends them: fields that its types always write, owner labels, common metadata.

use serde_json::{Map, Value, json};

use crate::objects::flux::CommonMetadata;

/// Sets the labels by which an object's Kustomization is found.
pub(super) fn own(object: &mut Value, name: &str, namespace: &str) {
    let labels = map(object, "labels");
    labels.insert("kustomize.toolkit.fluxcd.io/name".to_owned(), name.into());
    labels.insert("kustomize.toolkit.fluxcd.io/namespace".to_owned(), namespace.into());
}

/// Adds the Kustomization's common labels and annotations.
pub(super) fn add_common(object: &mut Value, common: &CommonMetadata) {
    for (field, values) in [("labels", &common.labels), ("annotations", &common.annotations)] {
        for (key, value) in values.iter().flatten() {
            map(object, field).insert(key.clone(), value.as_str().into());
        }
    }
}

fn map<'a>(object: &'a mut Value, field: &str) -> &'a mut Map<String, Value> {
    let value = &mut object["metadata"][field];
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it was made a map just now")
}

/// Writes what the controller's types write even when it is empty, and drops what is the server's.
pub(super) fn normalize(object: &mut Value) {
    let fields = object.as_object_mut().expect("built objects are maps");
    fields.shift_remove("status");
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let pod = match kind.as_str() {
        "Pod" => "/spec",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => "/spec/template/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        "Service" => return ports(&mut object["spec"]),
        "Secret" => return encode(object),
        _ => return,
    };
    let strategy = match kind.as_str() {
        "Deployment" => Some("strategy"),
        "StatefulSet" | "DaemonSet" => Some("updateStrategy"),
        _ => None,
    };
    if let (Some(field), Some(spec)) = (strategy, object["spec"].as_object_mut()) {
        spec.entry(field).or_insert_with(|| json!({}));
    }
    if let Some(pod) = object.pointer_mut(pod) {
        for list in ["containers", "initContainers"] {
            for container in pod.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(container) = container.as_object_mut() {
                    container.entry("resources").or_insert_with(|| json!({}));
                }
                ports(container);
            }
        }
    }
}

/// A port's protocol is part of its identity, so it is always said.
fn ports(holder: &mut Value) {
    for port in holder.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.entry("protocol").or_insert_with(|| "TCP".into());
        }
    }
}

/// `stringData` is for people; what is applied is `data`.
fn encode(secret: &mut Value) {
    use base64::Engine as _;
    let Some(Value::Object(texts)) =
        secret.as_object_mut().and_then(|fields| fields.shift_remove("stringData"))
    else {
        return;
    };
    if !secret["data"].is_object() {
        secret["data"] = json!({});
    }
    for (key, text) in texts {
        let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        secret["data"][key] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}
