//! Volumes, claims and their classes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::row::{created, items, joined, name, text_or};

const CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

fn modes(list: &Value) -> String {
    let short = items(list).iter().filter_map(Value::as_str).map(|mode| match mode {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    joined(short.map(str::to_owned), "")
}

fn phase(object: &Value) -> &str {
    if object["metadata"]["deletionTimestamp"].is_null() {
        text_or(&object["status"]["phase"], "")
    } else {
        "Terminating"
    }
}

fn class_name(object: &Value) -> &str {
    let named = text_or(&object["spec"]["storageClassName"], "");
    text_or(&object["metadata"]["annotations"][CLASS], named)
}

/// The cells of a `PersistentVolume`.
pub(super) fn volume(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    let claim = &spec["claimRef"];
    let claim = match claim {
        Value::Null => String::new(),
        claim => format!("{}/{}", text_or(&claim["namespace"], ""), text_or(&claim["name"], "")),
    };
    vec![
        name(object),
        json!(text_or(&spec["capacity"]["storage"], "")),
        json!(modes(&spec["accessModes"])),
        json!(text_or(&spec["persistentVolumeReclaimPolicy"], "")),
        json!(phase(object)),
        json!(claim),
        json!(class_name(object)),
        json!(text_or(&spec["volumeAttributesClassName"], "<unset>")),
        json!(text_or(&object["status"]["reason"], "")),
        created(object, now),
        json!(text_or(&spec["volumeMode"], "<unset>")),
    ]
}

/// The cells of a `PersistentVolumeClaim`.
pub(super) fn claim(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let bound = !text_or(&spec["volumeName"], "").is_empty();
    let capacity = if bound { text_or(&status["capacity"]["storage"], "0") } else { "" };
    let modes = if bound { modes(&status["accessModes"]) } else { String::new() };
    vec![
        name(object),
        json!(phase(object)),
        json!(text_or(&spec["volumeName"], "")),
        json!(capacity),
        json!(modes),
        json!(class_name(object)),
        json!(text_or(&spec["volumeAttributesClassName"], "<unset>")),
        created(object, now),
        json!(text_or(&spec["volumeMode"], "<unset>")),
    ]
}

/// The cells of a `StorageClass`.
pub(super) fn class(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut name = text_or(&object["metadata"]["name"], "").to_owned();
    if object["metadata"]["annotations"][DEFAULT] == "true" {
        name.push_str(" (default)");
    }
    vec![
        json!(name),
        json!(text_or(&object["provisioner"], "")),
        json!(text_or(&object["reclaimPolicy"], "Delete")),
        json!(text_or(&object["volumeBindingMode"], "Immediate")),
        json!(object["allowVolumeExpansion"] == true),
        created(object, now),
    ]
}
