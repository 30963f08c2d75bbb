//! What Kubernetes checks in Jobs and `CronJobs`, after `pkg/apis/batch/validation`.

use serde_json::Value;

use super::field::{Errors, Field};
use super::workloads;
use crate::objects::Schedule;

const UID: &str = "batch.kubernetes.io/controller-uid";
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

/// A Job.
pub(super) fn job(object: &Field, errors: &mut Errors) {
    let spec = object.get("spec");
    let (selector, manual) = (spec.get("selector"), spec.get("manualSelector").value == true);
    if !selector.is_set() {
        selector.required("", errors);
    } else if !selector.selector(errors) {
        return;
    }
    // What the server makes itself is the label alone.
    let own = object.get("metadata").get("uid");
    let generated = selector.get("matchLabels").len() == 1
        && selector.get("matchLabels").get(UID).text() == own.text()
        && !selector.get("matchExpressions").is_set();
    if !manual && !generated && selector.is_set() {
        selector.wrong(&sorted(selector.value), "`selector` not auto-generated", errors);
    }
    if selector.is_set() || manual {
        let labels = spec.get("template").get("metadata").get("labels");
        if !workloads::selects(&selector, labels.value) {
            labels.wrong(&sorted(labels.value), "`selector` does not match template `labels`", errors);
        }
    }
    job_spec(&spec, errors);
}

/// Maps are shown in the order of their keys.
fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    value
}

fn job_spec(spec: &Field, errors: &mut Errors) {
    for name in
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"]
    {
        spec.get(name).at_least_zero(errors);
    }
    for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        spec.get(name).at_least_zero(errors);
    }
    let (mode, completions) = (spec.get("completionMode"), spec.get("completions"));
    mode.one_of(&["NonIndexed", "Indexed"], errors);
    if mode.text() == "Indexed" && !completions.is_set() {
        let detail = format!("when completion mode is {}", mode.text());
        completions.required(&detail, errors);
    }
    if mode.text() != "Indexed" {
        for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if spec.get(name).is_set() {
                spec.get(name).invalid("requires indexed completion mode", errors);
            }
        }
    }
    for rule in spec.get("podFailurePolicy").get("rules").items() {
        failure_rule(&rule, errors);
    }
    let replaces: &[&str] =
        if spec.get("podFailurePolicy").is_set() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    spec.get("podReplacementPolicy").one_of(replaces, errors);
    let template = spec.get("template");
    workloads::template_spec(&template, errors);
    let policy = template.get("spec").get("restartPolicy");
    match policy.text() {
        "" | "Always" => policy.required("valid values: \"OnFailure\", \"Never\"", errors),
        "OnFailure" if spec.get("podFailurePolicy").is_set() => {
            policy.invalid("only \"Never\" is supported when podFailurePolicy is specified", errors);
        }
        "OnFailure" | "Never" => {}
        _ => policy.unsupported(policy.value, &["OnFailure", "Never"], errors),
    }
}

fn failure_rule(rule: &Field, errors: &mut Errors) {
    rule.get("action").must_be_of(&ACTIONS, errors);
    let (codes, conditions) = (rule.get("onExitCodes"), rule.get("onPodConditions"));
    if codes.is_set() == (conditions.len() > 0) {
        let detail = if codes.is_set() {
            "specifying both OnExitCodes and OnPodConditions is not supported"
        } else {
            "specifying one of OnExitCodes and OnPodConditions is required"
        };
        let (field, message) = (rule.path.clone(), format!("Invalid value: {detail}"));
        errors.push(super::FieldError { field, reason: super::Reason::Invalid, message });
    }
    codes.get("operator").one_of(&["In", "NotIn"], errors);
}

/// A `CronJob`'s specification.
pub(super) fn cron_job(spec: &Field, errors: &mut Errors) {
    let timetable = spec.get("schedule");
    if timetable.must_be_text("", errors) {
        if timetable.text().contains("TZ") {
            timetable.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead", errors);
        } else if let Err(error) = Schedule::parse(timetable.text()) {
            timetable.invalid(&error.to_string(), errors);
        }
    }
    spec.get("startingDeadlineSeconds").at_least_zero(errors);
    let zone = spec.get("timeZone");
    match zone.text() {
        _ if !zone.is_set() => {}
        "" => zone.invalid("timeZone must be nil or non-empty string", errors),
        "Local" => {
            let detail =
                "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
            zone.invalid(detail, errors);
        }
        name if jiff::tz::TimeZone::get(name).is_err() => {
            zone.invalid(&format!("unknown time zone {name}"), errors);
        }
        _ => {}
    }
    spec.get("concurrencyPolicy").one_of(&["Allow", "Forbid", "Replace"], errors);
    for name in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        spec.get(name).at_least_zero(errors);
    }
    let job = spec.get("jobTemplate").get("spec");
    let mut own = Vec::new();
    job_spec(&job, &mut own);
    if job.get("selector").is_set() {
        job.get("selector").invalid("`selector` will be auto-generated", errors);
    }
    if job.get("manualSelector").value == true {
        let (manual, message) = (job.get("manualSelector"), "true: supported values: \"nil\", \"false\"");
        let (field, message) = (manual.path, format!("Unsupported value: {message}"));
        errors.push(super::FieldError { field, reason: super::Reason::NotSupported, message });
    }
    errors.append(&mut own);
}
