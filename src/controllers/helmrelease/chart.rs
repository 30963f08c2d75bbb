//! The `HelmChart` that is made of a HelmRelease's template, and the artifact that a release's chart is in.

use std::collections::BTreeMap;

use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

use super::attempt::{Attempt, CONTROLLER};
use super::storage::told;
use crate::controllers::revisions::Key;
use crate::objects::flux::{Artifact, HelmChart, HelmRelease, OCIRepository, SourceStatus};
use crate::objects::{format_duration, parse_duration};

/// What a release's chart is in: kind, namespace, name.
pub(super) fn source_of(object: &HelmRelease) -> Option<Key> {
    let own = object.namespace().unwrap_or_default();
    if let Some(reference) = &object.spec.chart_ref {
        let namespace = reference.namespace.clone().unwrap_or(own);
        return Some((reference.kind.clone(), namespace, reference.name.clone()));
    }
    let template = object.spec.chart.as_ref()?;
    let namespace = template.spec.source_ref.namespace.clone().unwrap_or_else(|| own.clone());
    Some(("HelmChart".to_owned(), namespace, format!("{own}-{}", object.name_any())))
}

/// What of a source's status calls for a look at its releases.
pub(super) fn revision_of(status: Option<&SourceStatus>) -> String {
    let Some(status) = status else { return String::new() };
    let artifact = status.artifact.as_ref().map(|one| (one.revision.as_str(), one.digest.as_str()));
    let stalled = status.conditions.iter().any(|one| one.kind == "Stalled" && one.status == "True");
    format!("{artifact:?} {} {stalled}", status.observed_generation)
}

/// Why there is no chart to release.
pub(super) enum Missing {
    /// The source is not there; the reason.
    Source(String),
    /// The source may not be read; what only a change can help.
    Denied(String),
    /// The source has nothing yet; what it says.
    Artifact(String),
}

/// Makes, changes or removes the `HelmChart` of a release.
pub(super) async fn reconcile(attempt: &mut Attempt<'_>, client: &Client) -> Result<(), String> {
    let object = attempt.object;
    let wanted = object.spec.chart.as_ref().and_then(|_| source_of(object));
    let wanted = wanted.map(|(_, namespace, name)| (namespace, name));
    let known = attempt.status.helm_chart.clone();
    let shown = wanted.as_ref().map(|(namespace, name)| format!("{namespace}/{name}"));
    if known.is_some() && known != shown {
        remove(attempt, client).await?;
    }
    let (Some((namespace, name)), Some(template)) = (wanted, &object.spec.chart) else { return Ok(()) };
    let chart = build(object, &namespace, &name);
    let api = Api::<HelmChart>::namespaced(client.clone(), &namespace);
    let found = api.get_opt(&name).await.map_err(told)?;
    let same = found.as_ref().is_some_and(|found| {
        let is = serde_json::to_value(&found.spec).unwrap_or_default();
        let labels = json!(found.labels());
        let kept = chart["metadata"]["labels"].as_object().into_iter().flatten();
        is == normalized(&chart["spec"]) && kept.into_iter().all(|(key, value)| labels[key] == *value)
    });
    if !same {
        let params = PatchParams::apply(CONTROLLER).force();
        api.patch(&name, &params, &Patch::Apply(&chart)).await.map_err(told)?;
        let source = &template.spec.source_ref;
        let (reason, verb) = match found {
            None => ("HelmChartCreated", "Created"),
            Some(_) => ("HelmChartConfigured", "Configured"),
        };
        let message = format!(
            "{verb} HelmChart/{namespace}/{name} with SourceRef '{}/{namespace}/{}'",
            source.kind, source.name
        );
        attempt.events.normal(object, reason, &message, BTreeMap::default()).await;
    }
    attempt.status.helm_chart = Some(format!("{namespace}/{name}"));
    Ok(())
}

/// A spec as its type writes it.
fn normalized(spec: &Value) -> Value {
    let typed = serde_json::from_value::<crate::objects::flux::HelmChartSpec>(spec.clone());
    typed.ok().and_then(|spec| serde_json::to_value(spec).ok()).unwrap_or_default()
}

fn build(object: &HelmRelease, namespace: &str, name: &str) -> Value {
    let template = object.spec.chart.clone().unwrap_or_default();
    let spec = &template.spec;
    let interval = spec.interval.as_ref().unwrap_or(&object.spec.interval);
    let interval = parse_duration(interval).map_or_else(|_| interval.clone(), format_duration);
    let common = template.metadata.unwrap_or_default();
    let mut labels = json!(common.labels.unwrap_or_default());
    labels["helm.toolkit.fluxcd.io/name"] = object.name_any().into();
    labels["helm.toolkit.fluxcd.io/namespace"] = object.namespace().unwrap_or_default().into();
    let mut chart = json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmChart",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": { "chart": spec.chart, "interval": interval, "reconcileStrategy": spec.reconcile_strategy,
            "sourceRef": { "kind": spec.source_ref.kind, "name": spec.source_ref.name },
            "version": spec.version } });
    if let Some(annotations) = common.annotations {
        chart["metadata"]["annotations"] = json!(annotations);
    }
    if let Some(files) = &spec.values_files {
        chart["spec"]["valuesFiles"] = json!(files);
    }
    if let Some(ignores) = spec.ignore_missing_values_files {
        chart["spec"]["ignoreMissingValuesFiles"] = ignores.into();
    }
    chart
}

/// Removes the `HelmChart` that the status names.
pub(super) async fn remove(attempt: &mut Attempt<'_>, client: &Client) -> Result<(), String> {
    let Some(known) = attempt.status.helm_chart.clone() else { return Ok(()) };
    let (namespace, name) = known.split_once('/').unwrap_or(("", &known));
    let api = Api::<HelmChart>::namespaced(client.clone(), namespace);
    match api.delete(name, &DeleteParams::default()).await {
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => return Err(format!("failed to delete HelmChart '{known}': {}", told(error))),
        Ok(_) => {
            let message = format!("deleted HelmChart '{known}'");
            attempt.events.normal(attempt.object, "HelmChartDeleted", &message, BTreeMap::default()).await;
        }
    }
    attempt.status.helm_chart = None;
    Ok(())
}

/// The artifact of a release's chart.
pub(super) async fn artifact(object: &HelmRelease, client: &Client) -> Result<Artifact, Missing> {
    let Some((kind, namespace, name)) = source_of(object) else {
        return Err(Missing::Source("neither `chart` nor `chartRef` is set".to_owned()));
    };
    let missing = |error: kube::Error| Missing::Source(told(error));
    let (generation, status) = match kind.as_str() {
        "HelmChart" => {
            let api = Api::<HelmChart>::namespaced(client.clone(), &namespace);
            let found = api.get(&name).await.map_err(missing)?;
            (found.metadata.generation, found.status)
        }
        "OCIRepository" => {
            let api = Api::<OCIRepository>::namespaced(client.clone(), &namespace);
            let found = api.get(&name).await.map_err(missing)?;
            (found.metadata.generation, found.status)
        }
        // As with the real one, whose feature gate is off unless its Deployment says otherwise.
        "ExternalArtifact" => {
            return Err(Missing::Denied(format!(
                "can't access 'ExternalArtifact/{namespace}/{name}', ExternalArtifact feature gate is disabled"
            )));
        }
        kind => {
            return Err(Missing::Source(format!("this platform fetches no charts from the kind `{kind}`")));
        }
    };
    let status = status.unwrap_or_default();
    let condition = |wanted: &str, is: &str| {
        status
            .conditions
            .iter()
            .find(|one| one.kind == wanted && one.status == is)
            .map(|one| one.message.clone())
    };
    let not_ready =
        |reason: String| Missing::Artifact(format!("{kind} '{namespace}/{name}' is not ready: {reason}"));
    if generation != Some(status.observed_generation) {
        let reason = condition("Ready", "False");
        let unseen = "latest generation of object has not been reconciled".to_owned();
        return Err(not_ready(reason.unwrap_or(unseen)));
    }
    if let Some(reason) = condition("Stalled", "True") {
        return Err(not_ready(reason));
    }
    let artifact = status.artifact.clone();
    artifact.ok_or_else(|| not_ready("does not have an artifact".to_owned()))
}
