//! What Kubernetes checks in code for Jobs and for what makes them by a schedule.

use k8s_openapi::jiff::tz::TimeZone;
use serde_json::Value;

use super::FieldError;
use super::names::quoted;
use super::workloads::{at_least_zero, template};
use crate::objects::Schedule;

/// A `CronJob`'s name leaves room for the time in the names of its Jobs.
const LONGEST_NAME: usize = 52;

/// Checks a Job's specification.
pub(super) fn job(spec: &Value, field: &str, errors: &mut Vec<FieldError>) {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        "ttlSecondsAfterFinished",
    ];
    for name in numbers {
        at_least_zero(&spec[name], &format!("{field}.{name}"), errors);
    }
    let indexed = spec["completionMode"] == "Indexed";
    if indexed && spec["completions"].is_null() {
        let at = format!("{field}.completions");
        errors.push(FieldError::required(at, "when completion mode is Indexed"));
    }
    if !indexed && !spec["backoffLimitPerIndex"].is_null() {
        let (at, detail) = (format!("{field}.backoffLimitPerIndex"), "requires indexed completion mode");
        errors.push(FieldError::invalid(at, &spec["backoffLimitPerIndex"], detail));
    }
    if spec["completionMode"].as_str().is_some_and(|mode| !["Indexed", "NonIndexed"].contains(&mode)) {
        let at = format!("{field}.completionMode");
        errors.push(FieldError::not_supported(at, &spec["completionMode"], &["Indexed", "NonIndexed"]));
    }
    let policy = &spec["template"]["spec"]["restartPolicy"];
    template(spec, &format!("{field}.template"), &["Always", "OnFailure", "Never"], errors);
    let at = format!("{field}.template.spec.restartPolicy");
    if policy == "Always" {
        // Nobody who leaves the policy out has written this value, and Kubernetes says what it takes.
        errors.push(FieldError::required(at, "valid values: \"OnFailure\", \"Never\""));
    } else if !spec["podFailurePolicy"].is_null() && policy != "Never" {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        errors.push(FieldError::invalid(at, policy, detail));
    }
}

/// Checks a `CronJob`.
pub(super) fn cron_job(object: &Value, errors: &mut Vec<FieldError>) {
    let spec = &object["spec"];
    schedule(&spec["schedule"], errors);
    time_zone(&spec["timeZone"], errors);
    for name in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        at_least_zero(&spec[name], &format!("spec.{name}"), errors);
    }
    let policies = ["Allow", "Forbid", "Replace"];
    if spec["concurrencyPolicy"].as_str().is_some_and(|policy| !policies.contains(&policy)) {
        let value = &spec["concurrencyPolicy"];
        errors.push(FieldError::not_supported("spec.concurrencyPolicy", value, &policies));
    }
    let name = &object["metadata"]["name"];
    if name.as_str().is_some_and(|name| name.len() > LONGEST_NAME) {
        let detail = format!("must be no more than {LONGEST_NAME} characters");
        errors.push(FieldError::invalid("metadata.name", name, &detail));
    }
    job(&spec["jobTemplate"]["spec"], "spec.jobTemplate.spec", errors);
}

fn schedule(value: &Value, errors: &mut Vec<FieldError>) {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        errors.push(FieldError::required("spec.schedule", ""));
        return;
    };
    if text.contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.push(FieldError::invalid("spec.schedule", value, detail));
    } else if let Err(error) = Schedule::parse(text) {
        errors.push(FieldError::invalid("spec.schedule", value, &error.to_string()));
    }
}

fn time_zone(value: &Value, errors: &mut Vec<FieldError>) {
    let Some(name) = value.as_str() else { return };
    let detail = if name.is_empty() {
        "timeZone must be nil or non-empty string".to_owned()
    } else if name.eq_ignore_ascii_case("local") {
        "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones".to_owned()
    } else if TimeZone::get(name).is_err() {
        format!("unknown time zone {name}")
    } else {
        return;
    };
    errors.push(FieldError::invalid("spec.timeZone", &quoted(name), &detail));
}
