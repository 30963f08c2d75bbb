//! What Kubernetes checks in quotas and limit ranges, after `pkg/apis/core/validation`.

use std::cmp::Ordering;

use serde_json::Value;

use super::FieldError;
use super::containers::at_least_nothing;
use super::field::{Errors, Field};
use super::names;
use crate::apiserver::types::Amount;

const COUNTED: [&str; 10] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
    "count",
];
const MEASURED: [&str; 10] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];
const SCOPES: [&str; 6] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
];

/// A quota's specification.
pub(super) fn quota(spec: &Field, errors: &mut Errors) {
    for (name, amount) in spec.get("hard").entries() {
        resource_name(name, &amount, errors);
        at_least_nothing(&amount, errors);
        let whole = COUNTED.contains(&name) || name.starts_with("count/");
        if whole && amount.text().ends_with('m') {
            amount.invalid("must be an integer", errors);
        }
    }
    scopes(spec, errors);
    for one in spec.get("scopeSelector").get("matchExpressions").items() {
        let at = |name: &str| {
            let path = format!("{}.scopeSelector.matchExpressions.{name}", spec.path);
            Field { path, ..one.get(name) }
        };
        let (values, operator) = (at("values"), at("operator"));
        match operator.text() {
            "In" | "NotIn" if values.len() == 0 => {
                values.required(
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
                    errors,
                );
            }
            "Exists" | "DoesNotExist" if values.len() > 0 => {
                operator.invalid(
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
                    errors,
                );
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => operator.invalid("not a valid selector operator", errors),
        }
    }
}

fn scopes(spec: &Field, errors: &mut Errors) {
    let scopes = spec.get("scopes");
    let names: Vec<_> = scopes.items().map(|scope| scope.text().to_owned()).collect();
    for scope in &names {
        if !SCOPES.contains(&scope.as_str()) {
            scopes.invalid("unsupported scope", errors);
        }
        for (resource, _) in spec.get("hard").entries() {
            if scope == "BestEffort" && resource != "pods" {
                scopes.invalid("unsupported scope applied to resource", errors);
            }
        }
    }
    for (one, other) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if names.iter().any(|name| name == one) && names.iter().any(|name| name == other) {
            scopes.invalid("conflicting scopes", errors);
        }
    }
}

fn resource_name(name: &str, at: &Field, errors: &mut Errors) {
    if COUNTED.contains(&name) || MEASURED.contains(&name) {
        return;
    }
    let value = Value::from(name);
    for detail in names::qualified(name) {
        errors.push(FieldError::invalid(&at.path, &value, &detail));
    }
    if !name.contains('/') && !name.starts_with("hugepages-") && !name.starts_with("requests.hugepages-") {
        for detail in
            ["must be a standard resource type or fully qualified", "must be a standard resource for quota"]
        {
            errors.push(FieldError::invalid(&at.path, &value, detail));
        }
    }
}

/// A limit range's specification.
pub(super) fn limits(spec: &Field, errors: &mut Errors) {
    let mut seen = Vec::new();
    for limit in spec.get("limits").items() {
        let kind = limit.get("type");
        if !matches!(kind.text(), "Pod" | "Container" | "PersistentVolumeClaim") {
            let text = Value::from(kind.text());
            let wrong = names::qualified(kind.text());
            let plain = wrong.is_empty() && !kind.text().contains('/');
            let plain = plain.then(|| "must be a standard limit type or fully qualified".to_owned());
            for detail in wrong.into_iter().chain(plain) {
                kind.wrong(&text, &detail, errors);
            }
        }
        if seen.contains(&kind.text()) {
            kind.duplicate(errors);
        }
        seen.push(kind.text());
        limit_item(&limit, errors);
    }
}

fn limit_item(limit: &Field, errors: &mut Errors) {
    let kind = limit.get("type").text();
    for name in ["default", "defaultRequest"] {
        if kind == "Pod" && limit.get(name).len() > 0 {
            limit.get(name).forbidden("may not be specified when `type` is 'Pod'", errors);
        }
    }
    if kind == "PersistentVolumeClaim"
        && !limit.get("min").get("storage").is_set()
        && !limit.get("max").get("storage").is_set()
    {
        let detail = "either minimum or maximum storage value is required, but neither was provided";
        limit.get("limits").required(detail, errors);
    }
    let lists =
        ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"].map(|name| limit.get(name));
    let mut names: Vec<_> = lists.iter().flat_map(Field::entries).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        bounds(limit, name, kind == "Pod", errors);
    }
}

/// How the bounds of one resource stand to each other.
fn bounds(limit: &Field, resource: &str, is_pod: bool, errors: &mut Errors) {
    let at = |list: &str| {
        let list = limit.get(list);
        Field { value: &list.value[resource], path: format!("{}[{resource}]", list.path) }
    };
    let above = |one: &Field, other: &Field| {
        one.amount()
            .zip(other.amount())
            .is_some_and(|(one, other)| one.partial_cmp(&other) == Some(Ordering::Greater))
    };
    let (most, least, usual, wanted, ratio) =
        (at("max"), at("min"), at("default"), at("defaultRequest"), at("maxLimitRequestRatio"));
    let mut tell = |field: &Field, shown: &Field, detail: String| field.wrong(shown.value, &detail, errors);
    if above(&least, &most) {
        tell(&least, &least, format!("min value {} is greater than max value {}", least.text(), most.text()));
    }
    if !is_pod && above(&least, &wanted) {
        let detail =
            format!("min value {} is greater than default request value {}", least.text(), wanted.text());
        tell(&wanted, &wanted, detail);
    }
    if !is_pod && above(&wanted, &most) {
        let detail =
            format!("default request value {} is greater than max value {}", wanted.text(), most.text());
        tell(&wanted, &wanted, detail);
    }
    if !is_pod && above(&wanted, &usual) {
        let detail = format!(
            "default request value {} is greater than default limit value {}",
            wanted.text(),
            usual.text()
        );
        tell(&wanted, &wanted, detail);
    }
    if !is_pod && above(&least, &usual) {
        let detail = format!("min value {} is greater than default value {}", least.text(), usual.text());
        tell(&usual, &least, detail);
    }
    if !is_pod && above(&usual, &most) {
        let detail = format!("default value {} is greater than max value {}", usual.text(), most.text());
        tell(&usual, &most, detail);
    }
    if ratio.is_set() {
        check_ratio(&ratio, &most, &least, errors);
    }
}

fn check_ratio(ratio: &Field, most: &Field, least: &Field, errors: &mut Errors) {
    let Some(given) = ratio.amount() else { return };
    if given < Amount::count(1) {
        ratio.invalid(&format!("ratio {} is less than 1", ratio.text()), errors);
    }
    if let Some((most, least)) = most.amount().zip(least.amount()) {
        let quotient = most.ratio(least);
        if given.ratio(Amount::count(1)) > quotient {
            let detail = format!("ratio {} is greater than max/min = {quotient:.6}", ratio.text());
            ratio.invalid(&detail, errors);
        }
    }
}
