//! What one object comes to in the names that quotas count by.
//! <https://kubernetes.io/docs/concepts/policy/resource-quotas/#compute-resource-quota>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::apiserver::types::Amount;

/// Amounts by name, such as `pods` or `limits.memory`.
pub(super) type Usage = BTreeMap<String, Amount>;

/// Amounts that may be written without `requests.`.
const SHORT: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Resources that can be counted by their bare name, as opposed to `count/<resource>`.
const BARE: [&str; 7] = [
    "pods",
    "services",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
];

/// Whether objects of a resource count for a name.
pub(super) fn concerns(name: &str, resource: &str) -> bool {
    if name.strip_prefix("count/").is_some_and(|counted| counted == resource) {
        return true;
    }
    match resource {
        "pods" => {
            name == "pods"
                || SHORT.contains(&name)
                || name.starts_with("limits.")
                || (name.starts_with("requests.") && name != "requests.storage")
        }
        "services" => name == "services" || name.starts_with("services."),
        "persistentvolumeclaims" => name == resource || name.ends_with("requests.storage"),
        _ => name == resource && BARE.contains(&name),
    }
}

/// Whether a quota of a scope counts an object.
pub(super) fn is_in_scope(scope: &str, resource: &str, object: &Value) -> bool {
    if resource != "pods" {
        return false;
    }
    let ends = object["spec"].get("activeDeadlineSeconds").is_some_and(Value::is_i64);
    let best_effort = object["status"]["qosClass"] == "BestEffort";
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        "PriorityClass" => object["spec"]["priorityClassName"].is_string(),
        _ => false,
    }
}

/// What an object comes to.
pub(super) fn of(resource: &str, object: &Value) -> Usage {
    let mut usage = Usage::new();
    usage.insert(format!("count/{resource}"), Amount::count(1));
    match resource {
        "pods" => of_pod(object, &mut usage),
        "services" => {
            let spec = &object["spec"];
            let ports = spec["ports"].as_array().map_or(0, Vec::len);
            let ports = Amount::count(u32::try_from(ports).unwrap_or(u32::MAX));
            let kind = spec["type"].as_str().unwrap_or_default();
            usage.insert("services".to_owned(), Amount::count(1));
            let balanced = u32::from(kind == "LoadBalancer");
            usage.insert("services.loadbalancers".to_owned(), Amount::count(balanced));
            let opened = if matches!(kind, "NodePort" | "LoadBalancer") { ports } else { Amount::default() };
            usage.insert("services.nodeports".to_owned(), opened);
        }
        "persistentvolumeclaims" => {
            usage.insert(resource.to_owned(), Amount::count(1));
            let asked = read(&object["spec"]["resources"]["requests"]["storage"]);
            usage.insert("requests.storage".to_owned(), asked);
            if let Some(class) = object["spec"]["storageClassName"].as_str() {
                let of_class = format!("{class}.storageclass.storage.k8s.io");
                usage.insert(format!("{of_class}/requests.storage"), asked);
                usage.insert(format!("{of_class}/persistentvolumeclaims"), Amount::count(1));
            }
        }
        bare if BARE.contains(&bare) => {
            usage.insert(bare.to_owned(), Amount::count(1));
        }
        _ => {}
    }
    usage
}

fn read(amount: &Value) -> Amount {
    amount.as_str().and_then(Amount::read).unwrap_or_default()
}

/// A pod that has ended takes no more than its place in the count of objects.
fn of_pod(pod: &Value, usage: &mut Usage) {
    if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return;
    }
    usage.insert("pods".to_owned(), Amount::count(1));
    for field in ["requests", "limits"] {
        for (name, amount) in asked(&pod["spec"], field) {
            if field == "requests" && SHORT.contains(&name.as_str()) {
                usage.insert(name.clone(), amount);
            }
            usage.insert(format!("{field}.{name}"), amount);
        }
    }
}

/// What the containers of a pod ask for together; those that run before the others run by themselves, unless they
/// stay.
fn asked(spec: &Value, field: &str) -> Usage {
    let of = |container: &Value| -> Usage {
        let amounts = container["resources"][field].as_object().into_iter().flatten();
        amounts.map(|(name, amount)| (name.clone(), read(amount))).collect()
    };
    let mut sum = Usage::new();
    let add = |sum: &mut Usage, more: Usage| {
        for (name, amount) in more {
            let before = sum.get(&name).copied().unwrap_or_default();
            sum.insert(name, before.plus(amount));
        }
    };
    let mut most = Usage::new();
    for container in spec["initContainers"].as_array().into_iter().flatten() {
        let mut alone = sum.clone();
        add(&mut alone, of(container));
        for (name, amount) in &alone {
            let known = most.entry(name.clone()).or_insert(*amount);
            if *amount > *known {
                *known = *amount;
            }
        }
        if container["restartPolicy"] == "Always" {
            sum = alone;
        }
    }
    for container in spec["containers"].as_array().into_iter().flatten() {
        add(&mut sum, of(container));
    }
    for (name, amount) in most {
        let known = sum.entry(name).or_insert(amount);
        if amount > *known {
            *known = amount;
        }
    }
    if let Some(overhead) = spec["overhead"].as_object() {
        let more = overhead.iter().map(|(name, amount)| (name.clone(), read(amount)));
        let more: Usage = more.filter(|(name, _)| sum.contains_key(name)).collect();
        add(&mut sum, more);
    }
    sum
}
