//! `LimitRange`: what containers ask for when they do not say, and what they may ask for.
//! <https://kubernetes.io/docs/concepts/policy/limit-range/>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::apiserver::meta;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::types::Amount;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

type Amounts = BTreeMap<String, String>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Range {
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    limits: Vec<Limit>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Limit {
    r#type: String,
    max: Amounts,
    min: Amounts,
    default: Amounts,
    default_request: Amounts,
    max_limit_request_ratio: Amounts,
}

/// Completes a new range: what is asked for by default follows from what is allowed.
pub(super) fn complete(range: &mut Value) {
    for limit in range["spec"]["limits"].as_array_mut().into_iter().flatten() {
        if limit["type"] != "Container" {
            continue;
        }
        for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
            let Some(from) = limit[from].as_object().cloned() else { continue };
            let mut filled = limit[to].as_object().cloned().unwrap_or_default();
            for (name, amount) in from {
                filled.entry(name).or_insert(amount);
            }
            if !filled.is_empty() {
                limit[to] = filled.into();
            }
        }
    }
}

fn ranges(server: &Server, namespace: &str) -> Vec<Limit> {
    let (_, stored) = server.store.list("limitranges", Some(namespace));
    let read = stored.iter().filter_map(|(_, object)| serde_json::from_slice::<Range>(&object.json).ok());
    read.flat_map(|range| range.spec.limits).collect()
}

/// Gives the containers of a new pod what they do not ask for, and refuses what none may ask for.
pub(super) fn apply(server: &Server, target: &Target, pod: &mut Value) -> Result<(), Status> {
    let limits = ranges(server, target.namespace.as_deref().unwrap_or_default());
    if limits.is_empty() {
        return Ok(());
    }
    let mut said = Vec::new();
    for limit in limits.iter().filter(|limit| limit.r#type == "Container") {
        for (list, word) in [("containers", "container"), ("initContainers", "init container")] {
            for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                fill(limit, container, word, &mut said);
            }
        }
    }
    if !said.is_empty() {
        let text = format!("LimitRanger plugin set: {}", said.join("; "));
        let annotations = meta::of_mut(pod).entry("annotations").or_insert_with(|| json!({}));
        annotations[ANNOTATION] = text.into();
    }
    let mut wrong = Vec::new();
    for limit in &limits {
        let containers = ["containers", "initContainers"].into_iter();
        let containers = containers.flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
        match limit.r#type.as_str() {
            "Container" => containers.for_each(|container| check(limit, container, &mut wrong)),
            "Pod" => check(limit, &json!({"resources": total(&pod["spec"])}), &mut wrong),
            _ => {}
        }
    }
    refuse(target, pod, &wrong)
}

fn refuse(target: &Target, object: &Value, wrong: &[String]) -> Result<(), Status> {
    let name = meta::text(object, "name");
    match wrong {
        [] => Ok(()),
        [only] => Err(Status::forbidden(target.named_as(name), only)),
        several => Err(Status::forbidden(target.named_as(name), &format!("[{}]", several.join(", ")))),
    }
}

/// Refuses a claim that asks for less or more room than claims may.
pub(super) fn claim(server: &Server, target: &Target, claim: &Value) -> Result<(), Status> {
    let mut wrong = Vec::new();
    let asked = read(&claim["spec"]["resources"]["requests"]["storage"]);
    let limits = ranges(server, target.namespace.as_deref().unwrap_or_default());
    for limit in limits.iter().filter(|limit| limit.r#type == "PersistentVolumeClaim") {
        for (word, bounds) in [("minimum", &limit.min), ("maximum", &limit.max)] {
            let Some(written) = bounds.get("storage") else { continue };
            let Some(bound) = Amount::read(written) else { continue };
            let what = format!("{word} storage usage per PersistentVolumeClaim is {written}");
            match asked {
                None => wrong.push(format!("{what}.  No request is specified")),
                Some(asked)
                    if (word == "minimum" && asked < bound) || (word == "maximum" && asked > bound) =>
                {
                    wrong.push(format!("{what}, but request is {asked}"));
                }
                Some(_) => {}
            }
        }
    }
    refuse(target, claim, &wrong)
}

fn fill(limit: &Limit, container: &mut Value, word: &str, said: &mut Vec<String>) {
    let name = container["name"].as_str().unwrap_or_default().to_owned();
    for (field, defaults, what) in
        [("requests", &limit.default_request, "request"), ("limits", &limit.default, "limit")]
    {
        let own = container["resources"][field].as_object().cloned().unwrap_or_default();
        let missing: Vec<_> = defaults.iter().filter(|(name, _)| !own.contains_key(*name)).collect();
        if missing.is_empty() || !container.is_object() {
            continue;
        }
        if !container["resources"].is_object() {
            container["resources"] = json!({});
        }
        let mut filled: Map<String, Value> = own;
        filled.extend(missing.iter().map(|(name, amount)| ((*name).clone(), amount.as_str().into())));
        container["resources"][field] = filled.into();
        let names: Vec<_> = missing.iter().map(|(name, _)| name.as_str()).collect();
        said.push(format!("{} {what} for {word} {name}", names.join(", ")));
    }
}

/// What the containers of a pod ask for together.
fn total(spec: &Value) -> Value {
    let mut total = json!({"requests": {}, "limits": {}});
    for container in spec["containers"].as_array().into_iter().flatten() {
        for field in ["requests", "limits"] {
            for (name, amount) in container["resources"][field].as_object().into_iter().flatten() {
                let sum = read(&total[field][name]).unwrap_or_default();
                let sum = sum.plus(read(amount).unwrap_or_default());
                total[field][name] = sum.to_string().into();
            }
        }
    }
    total
}

fn read(amount: &Value) -> Option<Amount> {
    amount.as_str().and_then(Amount::read)
}

fn check(limit: &Limit, container: &Value, wrong: &mut Vec<String>) {
    let kind = &limit.r#type;
    let asked = |field: &str, name: &str| read(&container["resources"][field][name]);
    for (name, least) in &limit.min {
        let Some(bound) = Amount::read(least) else { continue };
        let what = format!("minimum {name} usage per {kind} is {least}");
        match (asked("requests", name), asked("limits", name)) {
            (None, _) => wrong.push(format!("{what}.  No request is specified")),
            (Some(request), _) if request < bound => wrong.push(format!("{what}, but request is {request}")),
            (_, Some(most)) if most < bound => wrong.push(format!("{what}, but limit is {most}")),
            _ => {}
        }
    }
    for (name, most) in &limit.max_limit_request_ratio {
        let Some(bound) = Amount::read(most) else { continue };
        let what = format!("{name} max limit to request ratio per {kind} is {most}");
        let given = |amount: Option<Amount>| amount.filter(|amount| amount.is_positive());
        match (given(asked("requests", name)), given(asked("limits", name))) {
            (None, _) => wrong.push(format!("{what}, but no request is specified or request is 0")),
            (_, None) => wrong.push(format!("{what}, but no limit is specified or limit is 0")),
            (Some(request), Some(limit)) => {
                let ratio = limit.ratio(request);
                if ratio > bound.ratio(Amount::count(1)) {
                    wrong.push(format!("{what}, but provided ratio is {ratio:.6}"));
                }
            }
        }
    }
    for (name, most) in &limit.max {
        let Some(bound) = Amount::read(most) else { continue };
        let what = format!("maximum {name} usage per {kind} is {most}");
        match (asked("requests", name), asked("limits", name)) {
            (_, None) => wrong.push(format!("{what}.  No limit is specified")),
            (_, Some(limit)) if limit > bound => wrong.push(format!("{what}, but limit is {limit}")),
            (Some(request), _) if request > bound => wrong.push(format!("{what}, but request is {request}")),
            _ => {}
        }
    }
}
