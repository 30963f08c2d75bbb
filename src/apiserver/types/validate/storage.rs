//! What Kubernetes checks in volumes, claims and storage classes, after `pkg/apis/core/validation` and
//! `pkg/apis/storage/validation`.

use serde_json::Value;

use super::field::{Errors, Field};
use super::names::{self, quoted};
use super::{pods, volumes};

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "flocker",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// A claim's specification.
pub(super) fn claim(spec: &Field, errors: &mut Errors) {
    let modes = spec.get("accessModes");
    if modes.len() == 0 {
        modes.required("at least 1 access mode is required", errors);
    }
    spec.get("selector").selector(errors);
    check_modes(&modes, errors);
    let wanted = spec.get("resources").get("requests").get("storage");
    let wanted = Field { path: format!("{}.resources[storage]", spec.path), ..wanted };
    if wanted.is_set() {
        some(&wanted, errors);
    } else {
        wanted.required("", errors);
    }
    if !spec.get("storageClassName").text().is_empty() {
        spec.get("storageClassName").subdomain(errors);
    }
    spec.get("volumeMode").one_of(&["Block", "Filesystem"], errors);
}

fn check_modes(modes: &Field, errors: &mut Errors) {
    for mode in modes.items() {
        if !MODES.contains(&mode.text()) {
            modes.unsupported(mode.value, &MODES, errors);
        }
    }
    if modes.len() > 1 && modes.items().any(|mode| mode.text() == "ReadWriteOncePod") {
        modes.forbidden("may not use ReadWriteOncePod with other access modes", errors);
    }
}

fn some(amount: &Field, errors: &mut Errors) {
    if !amount.amount().is_some_and(crate::apiserver::types::Amount::is_positive) {
        amount.invalid("must be greater than zero", errors);
    }
}

/// A volume's specification.
pub(super) fn volume(spec: &Field, errors: &mut Errors) {
    let (modes, capacity) = (spec.get("accessModes"), spec.get("capacity"));
    if modes.len() == 0 {
        modes.required("", errors);
    }
    check_modes(&modes, errors);
    if capacity.len() == 0 {
        capacity.required("", errors);
    }
    if capacity.len() != 1 || !capacity.get("storage").is_set() {
        let mut shown = capacity.value.clone();
        shown.sort_all_objects();
        capacity.unsupported(&shown, &["storage"], errors);
    }
    for (_, amount) in capacity.entries() {
        some(&amount, errors);
    }
    let policy = spec.get("persistentVolumeReclaimPolicy");
    policy.one_of(&["Delete", "Recycle", "Retain"], errors);
    let affinity = spec.get("nodeAffinity");
    if affinity.is_set() {
        pods::node_selector(&affinity.get("required"), errors);
    }
    let is = |source: &Field, name: &str| source.path.rsplit('.').next() == Some(name);
    let mut sources = SOURCES.into_iter().map(|name| spec.get(name)).filter(Field::is_set);
    match sources.next() {
        None => spec.required("must specify a volume type", errors),
        Some(source) if is(&source, "hostPath") => volumes::host_path(&source, errors),
        Some(source) if is(&source, "nfs") => {
            for name in ["server", "path"] {
                source.get(name).must_be_text("", errors);
            }
        }
        Some(source) if is(&source, "local") => {
            source.get("path").must_be_text("", errors);
            if !affinity.is_set() {
                affinity.required("Local volume requires node affinity", errors);
            }
        }
        Some(source) if is(&source, "csi") => {
            for name in ["driver", "volumeHandle"] {
                source.get(name).must_be_text("", errors);
            }
        }
        Some(_) => {}
    }
    for other in sources {
        other.forbidden("may not specify more than 1 volume type", errors);
    }
    if spec.get("hostPath").get("path").text() == "/" && policy.text() == "Recycle" {
        policy.forbidden("may not be 'recycle' for a hostPath mount of '/'", errors);
    }
    if !spec.get("storageClassName").text().is_empty() {
        spec.get("storageClassName").subdomain(errors);
    }
    spec.get("volumeMode").one_of(&["Block", "Filesystem"], errors);
}

/// A `StorageClass`.
pub(super) fn class(object: &Field, errors: &mut Errors) {
    let provisioner = object.get("provisioner");
    if provisioner.must_be_text("", errors) {
        for detail in names::qualified(&provisioner.text().to_lowercase()) {
            provisioner.invalid(&detail, errors);
        }
    }
    let parameters = object.get("parameters");
    for (key, _) in parameters.entries().filter(|(key, _)| key.is_empty()) {
        parameters.wrong(&quoted(key), "field can not be empty.", errors);
    }
    object.get("reclaimPolicy").one_of(&["Delete", "Retain"], errors);
    object.get("volumeBindingMode").one_of(&["Immediate", "WaitForFirstConsumer"], errors);
    for topology in object.get("allowedTopologies").items() {
        for one in topology.get("matchLabelExpressions").items() {
            if one.get("values").len() == 0 {
                one.get("values").required("", errors);
            }
            let key = one.get("key");
            let text = Value::from(key.text());
            for detail in names::qualified(key.text()) {
                key.wrong(&text, &detail, errors);
            }
        }
    }
}
