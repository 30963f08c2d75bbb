//! Deployments and the other kinds that make Pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::row::{created, items, joined, name, number, text_or};
use super::{age, selector};

/// The cells of names and images of a Pod template's containers.
fn containers(template: &Value) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let containers = items(&template["spec"]["containers"]).iter();
        json!(joined(containers.map(|one| text_or(&one[field], "").to_owned()), ""))
    })
}

fn wide(mut cells: Vec<Value>, spec: &Value) -> Vec<Value> {
    cells.extend(containers(&spec["template"]));
    cells.push(json!(selector::shown(&spec["selector"])));
    cells
}

/// The cells of a Deployment.
pub(super) fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let cells = vec![
        name(object),
        json!(format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]))),
        json!(number(&status["updatedReplicas"])),
        json!(number(&status["availableReplicas"])),
        created(object, now),
    ];
    wide(cells, spec)
}

/// The cells of a `ReplicaSet`.
pub(super) fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let cells = vec![
        name(object),
        json!(number(&spec["replicas"])),
        json!(number(&status["replicas"])),
        json!(number(&status["readyReplicas"])),
        created(object, now),
    ];
    wide(cells, spec)
}

/// The cells of a `StatefulSet`.
pub(super) fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let ready = format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]));
    let mut cells = vec![name(object), json!(ready), created(object, now)];
    cells.extend(containers(&spec["template"]));
    cells
}

/// The cells of a `DaemonSet`.
pub(super) fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let counts = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    let mut cells = vec![name(object)];
    cells.extend(counts.map(|count| json!(number(&status[count]))));
    cells.push(json!(selector::labels(&spec["template"]["spec"]["nodeSelector"])));
    cells.push(created(object, now));
    wide(cells, spec)
}

/// The cells of a `ControllerRevision`.
pub(super) fn revision(object: &Value, now: Timestamp) -> Vec<Value> {
    let owner =
        items(&object["metadata"]["ownerReferences"]).iter().find(|owner| owner["controller"] == true);
    let controller = owner.map_or_else(
        || "<none>".to_owned(),
        |owner| {
            let group = text_or(&owner["apiVersion"], "").rsplit_once('/').map_or("", |(group, _)| group);
            let kind = text_or(&owner["kind"], "").to_lowercase();
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", text_or(&owner["name"], ""))
        },
    );
    vec![name(object), json!(controller), json!(number(&object["revision"])), created(object, now)]
}

/// The cells of a Job.
pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let succeeded = number(&status["succeeded"]);
    let completions = match (spec["completions"].as_i64(), number(&spec["parallelism"])) {
        (Some(completions), _) => format!("{succeeded}/{completions}"),
        (None, parallelism @ 2..) => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let begin = &status["startTime"];
    let took = match (begin.as_str(), status["completionTime"].as_str()) {
        (None, _) => String::new(),
        (Some(_), None) => age::since(begin, now),
        (Some(_), Some(_)) => age::between(begin, &status["completionTime"]).unwrap_or_default(),
    };
    let cells =
        vec![name(object), json!(job_status(object)), json!(completions), json!(took), created(object, now)];
    wide(cells, spec)
}

fn job_status(object: &Value) -> &'static str {
    let is = |kind: &str| {
        let conditions = items(&object["status"]["conditions"]);
        conditions.iter().any(|one| one["type"] == kind && one["status"] == "True")
    };
    let deleted = !object["metadata"]["deletionTimestamp"].is_null();
    let words = [
        (is("Complete"), "Complete"),
        (is("Failed"), "Failed"),
        (deleted, "Terminating"),
        (is("Suspended"), "Suspended"),
        (is("FailureTarget"), "FailureTarget"),
        (is("SuccessCriteriaMet"), "SuccessCriteriaMet"),
    ];
    words.into_iter().find(|(holds, _)| *holds).map_or("Running", |(_, word)| word)
}

/// The cells of a `CronJob`.
pub(super) fn cron_job(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let last = &status["lastScheduleTime"];
    let suspended = if spec["suspend"] == true { "True" } else { "False" };
    let template = &spec["jobTemplate"]["spec"];
    let mut cells = vec![
        name(object),
        json!(text_or(&spec["schedule"], "")),
        json!(text_or(&spec["timeZone"], "<none>")),
        json!(suspended),
        json!(items(&status["active"]).len()),
        json!(if last.is_null() { "<none>".to_owned() } else { age::since(last, now) }),
        created(object, now),
    ];
    cells.extend(containers(&template["template"]));
    cells.push(json!(selector::shown(&template["selector"])));
    cells
}

/// The cells of a `HorizontalPodAutoscaler`.
pub(super) fn autoscaler(object: &Value, now: Timestamp) -> Vec<Value> {
    const SHOWN: usize = 2;
    let (spec, status) = (&object["spec"], &object["status"]);
    let target = &spec["scaleTargetRef"];
    let metrics = items(&spec["metrics"]);
    let currents = items(&status["currentMetrics"]);
    let mut shown: Vec<String> =
        metrics.iter().enumerate().map(|(index, metric)| self::metric(metric, currents.get(index))).collect();
    let count = shown.len();
    shown.truncate(SHOWN);
    let mut targets = if count == 0 { "<none>".to_owned() } else { shown.join(", ") };
    if count > SHOWN {
        targets = format!("{targets} + {} more...", count - SHOWN);
    }
    let least = spec["minReplicas"].as_i64().map_or_else(|| "<unset>".to_owned(), |least| least.to_string());
    vec![
        name(object),
        json!(format!("{}/{}", text_or(&target["kind"], ""), text_or(&target["name"], ""))),
        json!(targets),
        json!(least),
        json!(number(&spec["maxReplicas"])),
        json!(number(&status["currentReplicas"])),
        created(object, now),
    ]
}

fn metric(metric: &Value, current: Option<&Value>) -> String {
    let (field, labelled) = match metric["type"].as_str() {
        Some("Resource") => ("resource", true),
        Some("ContainerResource") => ("containerResource", true),
        Some("Pods") => ("pods", false),
        Some("Object") => ("object", false),
        Some("External") => ("external", false),
        _ => return "<unknown type>".to_owned(),
    };
    let (metric, none) = (&metric[field], Value::Null);
    let current = current.map_or(&none, |current| &current[field]["current"]);
    let wanted = &metric["target"];
    let percent = |value: &Value| value.as_i64().map(|value| format!("{value}%"));
    let amount = |value: &Value| value.as_str().map(str::to_owned);
    let average = wanted["averageValue"].is_string();
    let (now, goal) = if average {
        (amount(&current["averageValue"]), amount(&wanted["averageValue"]))
    } else if labelled {
        let goal = percent(&wanted["averageUtilization"]).or_else(|| Some("<auto>".to_owned()));
        (percent(&current["averageUtilization"]), goal)
    } else {
        (amount(&current["value"]), amount(&wanted["value"]))
    };
    let now = now.unwrap_or_else(|| "<unknown>".to_owned());
    let goal = goal.unwrap_or_default();
    let label = if labelled { format!("{}: ", text_or(&metric["name"], "")) } else { String::new() };
    let suffix = if average && matches!(field, "object" | "external") { " (avg)" } else { "" };
    format!("{label}{now}/{goal}{suffix}")
}
