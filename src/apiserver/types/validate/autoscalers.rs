//! What Kubernetes checks in `HorizontalPodAutoscalers`, after `pkg/apis/autoscaling/validation`.

use super::field::{Errors, Field};
use super::names::quoted;

const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// An autoscaler's specification.
pub(super) fn validate(spec: &Field, errors: &mut Errors) {
    let (least, most) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    if least.is_set() && least.count() < 1 {
        least.invalid("must be greater than or equal to 1", errors);
    }
    if most.count() < 1 {
        most.wrong(&most.count().into(), "must be greater than 0", errors);
    }
    if least.is_set() && most.count() < least.count() {
        most.wrong(&most.count().into(), "must be greater than or equal to `minReplicas`", errors);
    }
    let target = spec.get("scaleTargetRef");
    for name in ["kind", "name"] {
        target.get(name).must_be_text("", errors);
    }
    if target.get("apiVersion").text().is_empty() {
        let version = target.get("apiVersion");
        version.wrong(&quoted(""), "apiVersion must specify API group", errors);
    }
    metrics(&spec.get("metrics"), least.is_set() && least.count() == 0, errors);
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.get("behavior").get(direction);
        if rules.is_set() {
            behaviour(&rules, errors);
        }
    }
}

fn metrics(metrics: &Field, to_zero: bool, errors: &mut Errors) {
    let mut wakes = false;
    for metric in metrics.items() {
        let kind = metric.get("type");
        wakes |= matches!(kind.text(), "Object" | "External");
        kind.must_be_text("must specify a metric source type", errors);
        let words = SOURCES.map(|(word, _)| word);
        let Some((_, name)) = SOURCES.iter().find(|(word, _)| *word == kind.text()) else {
            // The original says so twice.
            kind.must_be_of(&words, errors);
            kind.must_be_of(&words, errors);
            continue;
        };
        let source = metric.get(name);
        if !source.is_set() {
            let detail = "must populate information for the given metric source";
            source.required(detail, errors);
        } else if *name == "resource" {
            resource(&source, errors);
        }
    }
    if to_zero && !wakes {
        let detail =
            "must specify at least one Object or External metric to support scaling to zero replicas";
        metrics.forbidden(detail, errors);
    }
}

fn resource(source: &Field, errors: &mut Errors) {
    source.get("name").must_be_text("must specify a resource name", errors);
    let target = source.get("target");
    let (kind, part, amount) =
        (target.get("type"), target.get("averageUtilization"), target.get("averageValue"));
    kind.must_be_text("must specify a metric target type", errors);
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        kind.wrong(&quoted(kind.text()), "must be either Utilization, Value, or AverageValue", errors);
    }
    part.positive(errors);
    if !part.is_set() && !amount.is_set() {
        part.required("must set either a target raw value or a target utilization", errors);
    }
}

fn behaviour(rules: &Field, errors: &mut Errors) {
    let window = rules.get("stabilizationWindowSeconds");
    if window.count() < 0 {
        window.invalid("must be greater than or equal to zero", errors);
    }
    if window.count() > 3600 {
        window.invalid("must be less than or equal to 3600", errors);
    }
    rules.get("selectPolicy").one_of(&["Disabled", "Max", "Min"], errors);
    for policy in rules.get("policies").items() {
        policy.get("type").must_be_of(&["Percent", "Pods"], errors);
        for name in ["value", "periodSeconds"] {
            let number = policy.get(name);
            if number.count() <= 0 {
                number.wrong(&number.count().into(), "must be greater than zero", errors);
            }
        }
        if policy.get("periodSeconds").count() > 1800 {
            policy.get("periodSeconds").invalid("must be less than or equal to 1800", errors);
        }
    }
}
