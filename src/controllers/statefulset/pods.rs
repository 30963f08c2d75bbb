//! A Pod of a `StatefulSet`, with its name, its labels and its claims. Pure.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume,
};
use kube::ResourceExt as _;

use super::super::workloads::{is_active, new_pod, ready_since};

/// Which revision a Pod is of.
const REVISION: &str = "controller-revision-hash";

/// The Pod's number, if its name is one of the set's.
pub(super) fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let name = pod.name_any();
    let digits = name.strip_prefix(&set.name_any())?.strip_prefix('-')?;
    digits.parse().ok().filter(|number: &i32| number.to_string() == digits)
}

/// The revision that a Pod is of.
pub(super) fn revision(pod: &Pod) -> &str {
    pod.labels().get(REVISION).map_or("", String::as_str)
}

/// Whether a Pod works and goes on to.
pub(super) fn is_healthy(pod: &Pod) -> bool {
    is_active(pod) && ready_since(pod).is_some()
}

/// The Pod with this number.
pub(super) fn pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &str, ordinal: i32) -> Pod {
    let mut pod = new_pod(set, template);
    let name = format!("{}-{ordinal}", set.name_any());
    let labels = pod.labels_mut();
    labels.insert(REVISION.to_owned(), revision.to_owned());
    labels.insert("statefulset.kubernetes.io/pod-name".to_owned(), name.clone());
    labels.insert("apps.kubernetes.io/pod-index".to_owned(), ordinal.to_string());
    let set_spec = set.spec.clone().unwrap_or_default();
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name.clone());
    spec.subdomain = set_spec.service_name.filter(|service| !service.is_empty());
    let volumes = spec.volumes.get_or_insert_default();
    for claim in set_spec.volume_claim_templates.iter().flatten() {
        let volume = claim.name_any();
        volumes.retain(|own| own.name != volume);
        let source = PersistentVolumeClaimVolumeSource {
            claim_name: format!("{volume}-{name}"),
            ..PersistentVolumeClaimVolumeSource::default()
        };
        volumes.push(Volume { name: volume, persistent_volume_claim: Some(source), ..Volume::default() });
    }
    pod.metadata.name = Some(name);
    pod
}

/// The claims of the Pod with this number, which outlive it.
pub(super) fn claims(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let spec = set.spec.clone().unwrap_or_default();
    let claims = spec.volume_claim_templates.into_iter().flatten().map(|mut claim| {
        let labels = spec.selector.match_labels.clone().unwrap_or_default();
        claim.metadata.name = Some(format!("{}-{}-{ordinal}", claim.name_any(), set.name_any()));
        claim.metadata.namespace = set.namespace();
        claim.labels_mut().extend(labels);
        claim.status = None;
        claim
    });
    claims.collect()
}
