//! What Kubernetes checks in the small kinds: `ConfigMaps`, Secrets, Namespaces, Nodes, `PriorityClasses` and Leases.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::FieldError;
use super::field::{Errors, Field};
use super::names::{self, quoted};
use super::pods;

/// How large the data of one object may be, in bytes.
const MOST: usize = 1024 * 1024;
/// No class of a user's own may have a higher value.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;

/// A `ConfigMap`.
pub(super) fn map(object: &Field, errors: &mut Errors) {
    let (data, binary) = (object.get("data"), object.get("binaryData"));
    let mut size = 0;
    for (key, value) in data.entries() {
        data_key(key, &value, errors);
        if binary.value.get(key).is_some() {
            value.wrong(&quoted(key), "duplicate of key present in binaryData", errors);
        }
        size += value.text().len();
    }
    for (key, value) in binary.entries() {
        data_key(key, &value, errors);
        size += value.text().len() / 4 * 3;
    }
    if size > MOST {
        errors.push(FieldError::too_long("[]", MOST as u64));
    }
}

fn data_key(key: &str, at: &Field, errors: &mut Errors) {
    for detail in names::data_key(key) {
        at.wrong(&quoted(key), &detail, errors);
    }
}

/// A Secret.
pub(super) fn secret(object: &Field, errors: &mut Errors) {
    let data = object.get("data");
    let mut size = 0;
    for (key, value) in data.entries() {
        data_key(key, &value, errors);
        size += value.text().len() / 4 * 3;
    }
    if size > MOST {
        errors.push(FieldError::too_long("data", MOST as u64));
    }
    let entry = |key: &str| Field { value: &data.value[key], path: format!("data[{key}]") };
    let mut demand = |keys: &[&str]| {
        for key in keys.iter().filter(|key| !entry(key).is_set()) {
            entry(key).required("", errors);
        }
    };
    match object.get("type").text() {
        "kubernetes.io/tls" => demand(&["tls.crt", "tls.key"]),
        "kubernetes.io/ssh-auth" => demand(&["ssh-privatekey"]),
        "kubernetes.io/basic-auth" if !entry("username").is_set() && !entry("password").is_set() => {
            demand(&["username", "password"]);
        }
        "kubernetes.io/dockercfg" => json(&entry(".dockercfg"), errors),
        "kubernetes.io/dockerconfigjson" => json(&entry(".dockerconfigjson"), errors),
        "kubernetes.io/service-account-token" => {
            let annotations = object.get("metadata").get("annotations");
            let name = "kubernetes.io/service-account.name";
            let path = format!("metadata.annotations[{name}]");
            Field { value: &annotations.value[name], path }.must_be_text("", errors);
        }
        _ => {}
    }
}

/// An entry that is JSON. Nothing of it is shown but its first letter, as the original does.
fn json(entry: &Field, errors: &mut Errors) {
    if !entry.is_set() {
        entry.required("", errors);
        return;
    }
    let bytes = STANDARD.decode(entry.text()).unwrap_or_default();
    if serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_ok() {
        return;
    }
    let first = bytes.first().copied().map(char::from);
    let detail = match first {
        Some(first) if !first.is_ascii_whitespace() && first != '{' => {
            format!("invalid character '{first}' looking for beginning of value")
        }
        _ => "unexpected end of JSON input".to_owned(),
    };
    entry.wrong(&quoted("<secret contents redacted>"), &detail, errors);
}

/// A namespace's specification.
pub(super) fn namespace(spec: &Field, errors: &mut Errors) {
    let finalizers = spec.get("finalizers");
    for finalizer in finalizers.items() {
        for detail in names::qualified(finalizer.text()).into_iter().chain(names::finalizer(finalizer.text()))
        {
            finalizers.wrong(finalizer.value, &detail, errors);
        }
    }
}

/// A node's specification.
pub(super) fn node(spec: &Field, errors: &mut Errors) {
    let taints = spec.get("taints");
    // The original says `metadata` here.
    pods::taints(&Field { value: taints.value, path: "metadata.taints".to_owned() }, errors);
    for block in spec.get("podCIDRs").items() {
        block.block(errors);
    }
}

/// A `PriorityClass`.
pub(super) fn priority(object: &Field, errors: &mut Errors) {
    let name = object.get("metadata").get("name");
    let (value, system) = (object.get("value"), name.text().starts_with("system-"));
    let own = [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];
    if system && !own.contains(&(name.text(), value.count())) {
        let detail = format!(
            "priority class names with 'system-' prefix are reserved for system use only. error: {} is not a known \
             system priority class",
            name.text()
        );
        name.forbidden(&detail, errors);
    } else if !system && value.count() > HIGHEST_PRIORITY {
        let detail = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        value.forbidden(&detail, errors);
    }
    object.get("preemptionPolicy").one_of(&["PreemptLowerPriority", "Never"], errors);
}

/// A Lease's specification.
pub(super) fn lease(spec: &Field, errors: &mut Errors) {
    spec.get("leaseDurationSeconds").positive(errors);
    spec.get("leaseTransitions").at_least_zero(errors);
}
