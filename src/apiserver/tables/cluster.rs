//! Namespaces, nodes, and the small kinds of the core group.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::row::{created, items, joined, name, number, text_or};

/// The cells of a Namespace.
pub(super) fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), json!(text_or(&object["status"]["phase"], "")), created(object, now)]
}

/// The cells of a Node.
pub(super) fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let (status, info) = (&object["status"], &object["status"]["nodeInfo"]);
    let ready = items(&status["conditions"]).iter().find(|one| one["type"] == "Ready");
    let mut words = match ready.map(|ready| ready["status"] == "True") {
        Some(true) => "Ready".to_owned(),
        Some(false) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if object["spec"]["unschedulable"] == true {
        words.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        let found = items(&status["addresses"]).iter().find(|address| address["type"] == kind);
        json!(found.map_or("<none>", |found| text_or(&found["address"], "<none>")))
    };
    vec![
        name(object),
        json!(words),
        json!(roles(object)),
        created(object, now),
        json!(text_or(&info["kubeletVersion"], "")),
        address("InternalIP"),
        address("ExternalIP"),
        json!(text_or(&info["osImage"], "<unknown>")),
        json!(text_or(&info["kernelVersion"], "<unknown>")),
        json!(text_or(&info["containerRuntimeVersion"], "<unknown>")),
    ]
}

fn roles(node: &Value) -> String {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let mut roles: Vec<String> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role.to_owned()),
            None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort();
    roles.dedup();
    joined(roles, "<none>")
}

fn entries(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

/// The cells of a Secret.
pub(super) fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    let count = entries(&object["data"]);
    vec![name(object), json!(text_or(&object["type"], "")), json!(count), created(object, now)]
}

/// The cells of a `ConfigMap`.
pub(super) fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    let count = entries(&object["data"]) + entries(&object["binaryData"]);
    vec![name(object), json!(count), created(object, now)]
}

/// The cells of a `ServiceAccount`.
pub(super) fn service_account(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), json!(items(&object["secrets"]).len()), created(object, now)]
}

/// The cells of an Event, in either group.
pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let either = |a: &str, b: &str| if object[a].is_null() { object[b].clone() } else { object[a].clone() };
    let involved = either("involvedObject", "regarding");
    let series = &object["series"];
    let first = either("firstTimestamp", "deprecatedFirstTimestamp");
    let first = age::since(if first.is_null() { &object["eventTime"] } else { &first }, now);
    let last = either("lastTimestamp", "deprecatedLastTimestamp");
    let last = match series["lastObservedTime"].as_str() {
        Some(_) => age::since(&series["lastObservedTime"], now),
        None if last.is_null() => first.clone(),
        None => age::since(&last, now),
    };
    let count =
        series["count"].as_i64().unwrap_or_else(|| number(&either("count", "deprecatedCount")).max(1));
    let kind = text_or(&involved["kind"], "").to_lowercase();
    let target = match text_or(&involved["name"], "") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = either("source", "deprecatedSource");
    let controller = either("reportingComponent", "reportingController");
    let component = text_or(&source["component"], text_or(&controller, ""));
    let instance = text_or(&source["host"], text_or(&object["reportingInstance"], ""));
    let source =
        joined([component, instance].into_iter().filter(|part| !part.is_empty()).map(str::to_owned), "");
    let source = source.replacen(',', ", ", 1);
    vec![
        json!(last),
        json!(text_or(&object["type"], "")),
        json!(text_or(&object["reason"], "")),
        json!(target),
        json!(text_or(&involved["fieldPath"], "")),
        json!(source),
        json!(text_or(&either("message", "note"), "").trim()),
        json!(first),
        json!(count),
        name(object),
    ]
}

/// The cells of a `ResourceQuota`.
pub(super) fn quota(object: &Value, now: Timestamp) -> Vec<Value> {
    let status = &object["status"];
    let mut hard: Vec<(&String, &Value)> = status["hard"].as_object().into_iter().flatten().collect();
    hard.sort_by_key(|(resource, _)| *resource);
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (resource, amount) in hard {
        let used = text_or(&status["used"][resource], "0");
        let shown = format!("{resource}: {used}/{}", text_or(amount, "0"));
        if resource.starts_with("limits.") { limits.push(shown) } else { requests.push(shown) }
    }
    vec![name(object), json!(requests.join(", ")), json!(limits.join(", ")), created(object, now)]
}

/// The cells of a Lease.
pub(super) fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), json!(text_or(&object["spec"]["holderIdentity"], "")), created(object, now)]
}

/// The cells of a `PriorityClass`.
pub(super) fn priority_class(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(object),
        json!(number(&object["value"])),
        json!(object["globalDefault"] == true),
        created(object, now),
        json!(text_or(&object["preemptionPolicy"], "")),
    ]
}

/// The cells of a `PodDisruptionBudget`.
pub(super) fn disruption_budget(object: &Value, now: Timestamp) -> Vec<Value> {
    let bound = |name: &str| match &object["spec"][name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => "N/A".to_owned(),
    };
    vec![
        name(object),
        json!(bound("minAvailable")),
        json!(bound("maxUnavailable")),
        json!(number(&object["status"]["disruptionsAllowed"])),
        created(object, now),
    ]
}
