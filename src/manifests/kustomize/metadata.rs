//! `labels`, `commonLabels` and `commonAnnotations`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field_paths::{set_pairs, visit};
use super::identity::Identity;
use super::kustomization::Label;
use super::resource::Resource;

/// Where labels of templates are: kind, path, whether it is made.
const TEMPLATES: [(&str, &str, bool); 9] = [
    ("ReplicationController", "spec/template/metadata/labels", true),
    ("Deployment", "spec/template/metadata/labels", true),
    ("ReplicaSet", "spec/template/metadata/labels", true),
    ("DaemonSet", "spec/template/metadata/labels", true),
    ("StatefulSet", "spec/template/metadata/labels", true),
    ("StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    ("Job", "spec/template/metadata/labels", true),
    ("CronJob", "spec/jobTemplate/metadata/labels", true),
    ("CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

/// Where selectors are: kind, path, whether it is made.
const SELECTORS: [(&str, &str, bool); 30] = [
    ("Service", "spec/selector", true),
    ("ReplicationController", "spec/selector", true),
    ("Deployment", "spec/selector/matchLabels", true),
    ("Deployment", POD_AFFINITY[0], false),
    ("Deployment", POD_AFFINITY[1], false),
    ("Deployment", POD_AFFINITY[2], false),
    ("Deployment", POD_AFFINITY[3], false),
    ("Deployment", "spec/template/spec/topologySpreadConstraints[]/labelSelector/matchLabels", false),
    ("ReplicaSet", "spec/selector/matchLabels", true),
    ("ReplicaSet", POD_AFFINITY[0], false),
    ("ReplicaSet", POD_AFFINITY[1], false),
    ("ReplicaSet", POD_AFFINITY[2], false),
    ("ReplicaSet", POD_AFFINITY[3], false),
    ("DaemonSet", "spec/selector/matchLabels", true),
    ("DaemonSet", POD_AFFINITY[0], false),
    ("DaemonSet", POD_AFFINITY[1], false),
    ("DaemonSet", POD_AFFINITY[2], false),
    ("DaemonSet", POD_AFFINITY[3], false),
    ("StatefulSet", "spec/selector/matchLabels", true),
    ("StatefulSet", POD_AFFINITY[0], false),
    ("StatefulSet", POD_AFFINITY[1], false),
    ("StatefulSet", POD_AFFINITY[2], false),
    ("StatefulSet", POD_AFFINITY[3], false),
    ("StatefulSet", "spec/template/spec/topologySpreadConstraints[]/labelSelector/matchLabels", false),
    ("Job", "spec/selector/matchLabels", false),
    ("CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    ("PodDisruptionBudget", "spec/selector/matchLabels", false),
    ("NetworkPolicy", "spec/podSelector/matchLabels", false),
    ("NetworkPolicy", "spec/ingress[]/from[]/podSelector/matchLabels", false),
    ("NetworkPolicy", "spec/egress[]/to[]/podSelector/matchLabels", false),
];

const POD_AFFINITY: [&str; 4] = [
    "spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm/\
     labelSelector/matchLabels",
    "spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution[]/labelSelector/\
     matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution[]/podAffinityTerm/\
     labelSelector/matchLabels",
    "spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution[]/labelSelector/\
     matchLabels",
];

/// Where annotations of templates are.
const ANNOTATED: [(&str, &str); 8] = [
    ("ReplicationController", "spec/template/metadata/annotations"),
    ("Deployment", "spec/template/metadata/annotations"),
    ("ReplicaSet", "spec/template/metadata/annotations"),
    ("DaemonSet", "spec/template/metadata/annotations"),
    ("StatefulSet", "spec/template/metadata/annotations"),
    ("Job", "spec/template/metadata/annotations"),
    ("CronJob", "spec/jobTemplate/metadata/annotations"),
    ("CronJob", "spec/jobTemplate/spec/template/metadata/annotations"),
];

/// Adds the labels of `labels` entries, then `commonLabels`.
pub(super) fn add_labels(resources: &mut [Resource], labels: &[Label], common: &BTreeMap<String, String>) {
    let everywhere = Label { pairs: common.clone(), include_selectors: true, include_templates: true };
    for label in labels.iter().chain(std::iter::once(&everywhere)).filter(|label| !label.pairs.is_empty()) {
        for resource in resources.iter_mut() {
            let kind = kind_of(&resource.identity());
            let templates = TEMPLATES.iter().filter(|_| label.include_selectors || label.include_templates);
            let selectors = SELECTORS.iter().filter(|_| label.include_selectors);
            let below = templates.chain(selectors).filter(|(of, ..)| Some(*of) == kind.as_deref());
            let places = below.map(|(_, path, create)| (*path, *create));
            let places = std::iter::once(("metadata/labels", true)).chain(places).collect::<Vec<_>>();
            for (key, text) in &label.pairs {
                add_label(resource, &places, key, text);
            }
        }
    }
}

/// Sets a label at all places. Kustomize has one node for a label that it adds in several places at once, so that a
/// later change in one of them is one in all.
fn add_label(resource: &mut Resource, places: &[(&'static str, bool)], key: &String, text: &String) {
    let pair = std::iter::once((key, text));
    let mut fresh = Vec::new();
    for (path, create) in places {
        let had = has(&mut resource.object, path, key);
        set_pairs(&mut resource.object, path, *create, &pair);
        if !had {
            fresh.push(*path);
            continue;
        }
        let shared = resource.shared.iter().filter(|(of, paths)| of == key && paths.contains(path));
        for other in shared.flat_map(|(_, paths)| paths).filter(|other| *other != path) {
            if has(&mut resource.object, other, key) {
                set_pairs(&mut resource.object, other, false, &pair);
            }
        }
    }
    if fresh.len() > 1 {
        resource.shared.push((key.clone(), fresh));
    }
}

fn has(object: &mut Value, path: &str, key: &str) -> bool {
    let mut found = false;
    visit(object, path, false, &mut |value| found |= value.get(key).is_some());
    found
}

/// Adds annotations to objects and their templates.
pub(super) fn add_annotations(resources: &mut [Resource], annotations: &BTreeMap<String, String>) {
    if annotations.is_empty() {
        return;
    }
    for resource in resources {
        let kind = kind_of(&resource.identity());
        set_pairs(&mut resource.object, "metadata/annotations", true, &annotations.iter());
        for (_, path) in ANNOTATED.iter().filter(|(of, _)| Some(*of) == kind.as_deref()) {
            set_pairs(&mut resource.object, path, true, &annotations.iter());
        }
    }
}

/// The kind, where its group is the one that the tables mean.
fn kind_of(identity: &Identity) -> Option<String> {
    let expected = match identity.kind.as_str() {
        "Service" | "ReplicationController" => "",
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => "apps",
        "Job" | "CronJob" => "batch",
        "PodDisruptionBudget" => "policy",
        "NetworkPolicy" => "networking.k8s.io",
        _ => return None,
    };
    (identity.group == expected || identity.kind != "Service").then(|| identity.kind.clone())
}
