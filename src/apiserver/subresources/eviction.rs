//! `POST` to a pod's `eviction`: a deletion by somebody who asks first, which the pod's disruption budget allows or
//! does not. <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::proxy::is_ready;
use super::review;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::store::Key;
use crate::apiserver::target::Target;
use crate::apiserver::verbs::{DeleteOptions, Options, Part};
use crate::apiserver::{meta, respond, selectors};

const BUDGETS: &str = "poddisruptionbudgets";
/// So many evictions may be under way below one budget.
const MOST_DISRUPTED: usize = 2000;

/// Answers `POST`.
pub(super) async fn evict(mut call: Call) -> Result<Response, Status> {
    let eviction = call.object().await?;
    if call.target.name.as_deref() != Some(meta::text(&eviction, "name")) {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    review::posted(&call, &eviction)?;
    let options = eviction.get("deleteOptions").cloned().unwrap_or_else(|| json!({}));
    let bytes = options.to_string();
    let options = DeleteOptions::read(&http::HeaderMap::new(), &call.query, bytes.as_bytes())?.by(&call);
    let dry_run = !options.dry_run.is_empty() || call.query.dry_run("CreateOptions")?;
    let stored = call.server.store.get(&call.target.key());
    let pod = respond::parse(&stored.ok_or_else(|| Status::not_found(call.target.named()))?.json)?;
    if !goes_anyway(&pod) {
        match budgets(&call, &pod).as_slice() {
            [] => {}
            [only] => ask(&call, &pod, only, dry_run)?,
            _ => {
                return Err(Status::internal(
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
                ));
            }
        }
    }
    call.server.delete(&call.target, &options)?;
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(respond::value(&call.query, StatusCode::CREATED, &status))
}

/// Whether nothing is disrupted by the pod's end.
fn goes_anyway(pod: &Value) -> bool {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or("Pending");
    matches!(phase, "Succeeded" | "Failed" | "Pending") || pod["metadata"].get("deletionTimestamp").is_some()
}

/// The budgets that are about a pod.
fn budgets(call: &Call, pod: &Value) -> Vec<Value> {
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let resource = format!("{BUDGETS}.policy");
    let names = call.server.store.list(&resource, Some(namespace)).1;
    let budgets = names.into_iter().filter_map(|((namespace, name), _)| {
        let stored = call.server.store.get(&Key { resource: resource.as_str().into(), namespace, name })?;
        serde_json::from_slice::<Value>(&stored.json).ok()
    });
    let about = |budget: &Value| {
        let selector = budget["spec"].get("selector").filter(|selector| selector.is_object());
        selector.is_some_and(|selector| selectors::selects(selector, pod["metadata"].get("labels")))
    };
    budgets.filter(about).collect()
}

/// Takes one disruption from a budget, or is refused.
fn ask(call: &Call, pod: &Value, budget: &Value, dry_run: bool) -> Result<(), Status> {
    let number = |budget: &Value, field: &str| budget["status"][field].as_i64().unwrap_or_default();
    let (healthy, desired) = (number(budget, "currentHealthy"), number(budget, "desiredHealthy"));
    if !is_ready(pod) {
        let always = budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
        if always || (desired > 0 && healthy >= desired) {
            return Ok(());
        }
    }
    let (namespace, name) = (meta::text(budget, "namespace"), meta::text(budget, "name"));
    let path = format!("namespaces/{namespace}/{BUDGETS}/{name}/status");
    let target = Target::parse(&call.server.catalog, "policy", "v1", &path)?;
    let options = Options { dry_run, ..Options::internal() };
    let pod = meta::text(pod, "name");
    call.server.modify(&target, Part::Status, &options, |old| {
        let status = &old["status"];
        if status["observedGeneration"].as_i64() < old["metadata"]["generation"].as_i64() {
            let why = format!("The disruption budget {name} is still being processed by the server.");
            return Err(Status::disruption(&why));
        }
        if status["disruptedPods"].as_object().is_some_and(|pods| pods.len() >= MOST_DISRUPTED) {
            return Err(Status::disruption(
                "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            ));
        }
        let allowed = number(old, "disruptionsAllowed");
        if allowed < 1 {
            let (desired, healthy) = (number(old, "desiredHealthy"), number(old, "currentHealthy"));
            return Err(Status::disruption(&format!(
                "The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
            )));
        }
        let mut new = old.clone();
        new["status"]["disruptionsAllowed"] = (allowed - 1).into();
        new["status"]["disruptedPods"][pod] = meta::now().into();
        Ok(new)
    })?;
    Ok(())
}
