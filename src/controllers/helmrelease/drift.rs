//! What others have changed in a release's objects, and how it is undone.
//! <https://fluxcd.io/flux/components/helm/helmreleases/#drift-detection>

use json_patch::PatchOperation;
use regex::Regex;
use serde_json::{Value, json};

use super::attempt::Work;
use super::objects::parse;
use super::release::Release;
use crate::controllers::cluster::Identity;
use crate::objects::flux::{HelmRelease, IgnoreRule, PatchTarget};

const DISABLED: &str = "helm.toolkit.fluxcd.io/driftDetection";

/// How an object differs from what it should be.
#[derive(Debug)]
pub(super) struct Difference {
    /// What it should be, without what may differ.
    pub(super) desired: Value,
    /// Whether it is gone.
    removed: bool,
    /// How many fields are to be added, changed, removed.
    counts: [usize; 3],
}

/// Compares all objects of a release with the cluster.
pub(super) async fn detect(
    object: &HelmRelease,
    work: &Work,
    release: &Release,
) -> Result<Vec<Difference>, String> {
    let mut desired = parse(&release.manifest)?;
    work.helm.objects.place(&mut desired).await?;
    let rules =
        object.spec.drift_detection.as_ref().and_then(|one| one.ignore.as_deref()).unwrap_or_default();
    let mut differences = Vec::new();
    for one in desired {
        let says = |field: &str| one["metadata"][field][DISABLED] == "disabled";
        if says("labels") || says("annotations") {
            continue;
        }
        let mut desired = work.helm.objects.owned(&one);
        let ignored = ignored(&desired, rules);
        let identity = Identity::of(&desired);
        let Some(existing) = work.helm.objects.cluster.read(&identity).await else {
            differences.push(Difference { desired, removed: true, counts: [0; 3] });
            continue;
        };
        for path in &ignored {
            remove(&mut desired, path);
        }
        let tried = work.helm.objects.apply(&desired, true).await?;
        let (mut is, mut should) = (comparable(&existing), comparable(&tried));
        for path in &ignored {
            remove(&mut is, path);
            remove(&mut should, path);
        }
        let patch = json_patch::diff(&is, &should);
        let count = |wanted: fn(&PatchOperation) -> bool| patch.0.iter().filter(|one| wanted(one)).count();
        let counts = [
            count(|one| matches!(one, PatchOperation::Add(_))),
            count(|one| matches!(one, PatchOperation::Replace(_))),
            count(|one| matches!(one, PatchOperation::Remove(_))),
        ];
        if !patch.0.is_empty() {
            differences.push(Difference { desired, removed: false, counts });
        }
    }
    Ok(differences)
}

/// What of an object counts: not what the server writes.
fn comparable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    let (labels, annotations) =
        (object["metadata"]["labels"].take(), object["metadata"]["annotations"].take());
    object["metadata"] = json!({ "labels": labels, "annotations": annotations });
    object
}

/// The paths of an object that may differ.
fn ignored(object: &Value, rules: &[IgnoreRule]) -> Vec<String> {
    let counts = |rule: &&IgnoreRule| rule.target.as_ref().is_none_or(|target| selects(target, object));
    rules.iter().filter(counts).flat_map(|rule| rule.paths.clone()).collect()
}

fn selects(target: &PatchTarget, object: &Value) -> bool {
    let identity = Identity::of(object);
    let fits = |pattern: &Option<String>, text: &str| {
        let Some(pattern) = pattern.as_deref().filter(|pattern| !pattern.is_empty()) else { return true };
        Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
    };
    let labelled = |selector: &Option<String>, field: &str| {
        let parts = selector.iter().flat_map(|text| text.split(',')).filter(|part| !part.trim().is_empty());
        parts.into_iter().all(|part| match part.split_once('=') {
            Some((key, value)) => {
                object["metadata"][field][key.trim()] == value.trim_start_matches('=').trim()
            }
            None => !object["metadata"][field][part.trim()].is_null(),
        })
    };
    fits(&target.group, &identity.kind.group)
        && fits(&target.version, &identity.kind.version)
        && fits(&target.kind, &identity.kind.kind)
        && fits(&target.name, &identity.name)
        && fits(&target.namespace, &identity.namespace)
        && labelled(&target.label_selector, "labels")
        && labelled(&target.annotation_selector, "annotations")
}

/// Removes what a JSON pointer names; the empty one names all but the object's identity.
fn remove(object: &mut Value, pointer: &str) {
    if pointer.is_empty() {
        let identity = ["apiVersion", "kind", "metadata"];
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|field, _| identity.contains(&field.as_str()));
        }
        return;
    }
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let last = last.replace("~1", "/").replace("~0", "~");
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.shift_remove(&last)),
        Some(Value::Array(items)) => {
            if let Some(at) = last.parse::<usize>().ok().filter(|at| *at < items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// A line for each difference.
pub(super) fn summary(differences: &[Difference]) -> String {
    let line = |one: &Difference| {
        let identity = Identity::of(&one.desired);
        if one.removed {
            return format!("{identity} removed");
        }
        let [added, changed, removed] = one.counts;
        format!("{identity} changed ({added} additions, {changed} changes, {removed} removals)")
    };
    differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Undoes differences; returns a line for each that is undone, and what failed.
pub(super) async fn correct(work: &Work, differences: &[Difference]) -> (Vec<String>, Vec<String>) {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for one in differences {
        let identity = Identity::of(&one.desired);
        match work.helm.objects.apply(&one.desired, false).await {
            Ok(_) => done.push(format!("{identity} {}", if one.removed { "created" } else { "configured" })),
            Err(reason) => failed.push(reason),
        }
    }
    (done, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_paths_of_some_objects() {
        let object = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "a", "labels": { "app": "x" } }, "spec": { "replicas": 1, "b/c": [1, 2] } });
        let rule = |paths: &[&str], target: Option<PatchTarget>| IgnoreRule {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            target,
        };
        let target = |kind: &str, labels: &str| PatchTarget {
            kind: Some(kind.to_owned()),
            label_selector: Some(labels.to_owned()),
            ..PatchTarget::default()
        };
        let rules = [
            rule(&["/spec/replicas"], Some(target("Deploy.*", "app=x"))),
            rule(&["/spec/b~1c/0"], None),
            rule(&["/spec"], Some(target("Service", ""))),
            rule(&["/metadata"], Some(target("Deployment", "app=y"))),
        ];
        let found = ignored(&object, &rules);
        assert_eq!(found, ["/spec/replicas", "/spec/b~1c/0"]);
        let mut left = object;
        for path in &found {
            remove(&mut left, path);
        }
        assert_eq!(left["spec"], json!({ "b/c": [2] }));
    }
}
