//! Pods: their status in one word is told from their phase, their conditions and the states of their containers.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age;
use super::row::{created, items, name, number, text_or};

/// What the containers say together.
#[derive(Default)]
struct Summary<'a> {
    reason: String,
    ready: i64,
    restarts: i64,
    last_restart: Option<&'a str>,
}

impl<'a> Summary<'a> {
    fn count(&mut self, status: &'a Value) {
        self.restarts += number(&status["restartCount"]);
        let ended = status["lastState"]["terminated"]["finishedAt"].as_str();
        self.last_restart = self.last_restart.max(ended);
    }
}

/// The cells of a Pod.
pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let summary = summary(pod);
    let sidecars =
        items(&spec["initContainers"]).iter().filter(|one| one["restartPolicy"] == "Always").count();
    let total = items(&spec["containers"]).len() + sidecars;
    let restarts = match summary.last_restart {
        Some(time) if summary.restarts > 0 => {
            format!("{} ({} ago)", summary.restarts, age::since(&json!(time), now))
        }
        _ => summary.restarts.to_string(),
    };
    vec![
        name(pod),
        json!(format!("{}/{total}", summary.ready)),
        json!(summary.reason),
        json!(restarts),
        created(pod, now),
        json!(text_or(&status["podIPs"][0]["ip"], text_or(&status["podIP"], "<none>"))),
        json!(text_or(&spec["nodeName"], "<none>")),
        json!(text_or(&status["nominatedNodeName"], "<none>")),
        json!(gates(pod)),
    ]
}

fn summary(pod: &Value) -> Summary<'_> {
    let status = &pod["status"];
    let phase = text_or(&status["phase"], "");
    let mut summary = Summary { reason: text_or(&status["reason"], phase).to_owned(), ..Summary::default() };
    let is = |kind: &str, key: &str, word: &str| {
        items(&status["conditions"]).iter().any(|one| one["type"] == kind && one[key] == word)
    };
    if is("PodScheduled", "reason", "SchedulingGated") {
        "SchedulingGated".clone_into(&mut summary.reason);
    }
    let (initializing, sidecars) = init_containers(pod, &mut summary);
    if !initializing || is("Initialized", "status", "True") {
        let ready = summary.ready;
        let reason = std::mem::take(&mut summary.reason);
        summary = Summary { reason, ready, ..sidecars };
        let running = containers(pod, &mut summary);
        if summary.reason == "Completed" && running {
            let word = if is("Ready", "status", "True") { "Running" } else { "NotReady" };
            word.clone_into(&mut summary.reason);
        }
    }
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        if status["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut summary.reason);
        }
    }
    summary
}

/// Goes through the init containers up to the first that is not done; answers whether there is one, and what those
/// that go on running have counted.
fn init_containers<'a>(pod: &'a Value, summary: &mut Summary<'a>) -> (bool, Summary<'a>) {
    let spec = items(&pod["spec"]["initContainers"]);
    let is_sidecar = |status: &Value| {
        spec.iter().any(|one| one["name"] == status["name"] && one["restartPolicy"] == "Always")
    };
    let mut sidecars = Summary::default();
    for (index, status) in items(&pod["status"]["initContainerStatuses"]).iter().enumerate() {
        summary.count(status);
        if is_sidecar(status) {
            sidecars.count(status);
        }
        let (ended, waiting) = (&status["state"]["terminated"], &status["state"]["waiting"]);
        if !ended.is_null() && number(&ended["exitCode"]) == 0 {
            continue;
        }
        if is_sidecar(status) && status["started"] == true {
            summary.ready += i64::from(status["ready"] == true);
            continue;
        }
        summary.reason = if !ended.is_null() {
            format!("Init:{}", end_reason(ended))
        } else if !matches!(text_or(&waiting["reason"], ""), "" | "PodInitializing") {
            format!("Init:{}", text_or(&waiting["reason"], ""))
        } else {
            format!("Init:{index}/{}", spec.len())
        };
        return (true, sidecars);
    }
    (false, sidecars)
}

/// Goes through the containers from the last to the first; answers whether one runs.
fn containers<'a>(pod: &'a Value, summary: &mut Summary<'a>) -> bool {
    let mut running = false;
    for status in items(&pod["status"]["containerStatuses"]).iter().rev() {
        summary.count(status);
        let (ended, waiting) = (&status["state"]["terminated"], &status["state"]["waiting"]);
        let waits_for = text_or(&waiting["reason"], "");
        if !waits_for.is_empty() {
            waits_for.clone_into(&mut summary.reason);
        } else if !ended.is_null() {
            summary.reason = end_reason(ended);
        } else if status["ready"] == true && !status["state"]["running"].is_null() {
            running = true;
            summary.ready += 1;
        }
    }
    running
}

fn end_reason(ended: &Value) -> String {
    match (text_or(&ended["reason"], ""), number(&ended["signal"])) {
        ("", 0) => format!("ExitCode:{}", number(&ended["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let conditions = items(&pod["status"]["conditions"]);
    let is_open = |gate: &&Value| {
        conditions.iter().any(|one| one["type"] == gate["conditionType"] && one["status"] == "True")
    };
    format!("{}/{}", gates.iter().filter(is_open).count(), gates.len())
}
