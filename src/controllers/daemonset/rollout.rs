//! Which Pods go for a rolling update, and which are too many on their node. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::super::workloads::{is_active, ready_since, scaled};
use super::placement::REVISION;

/// The Pods of a set by node, oldest first.
pub(super) type Nodes = BTreeMap<String, Vec<Pod>>;

/// How far an update may go at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// On how many nodes a Pod may be missing or not available meanwhile.
    pub(super) unavailable: usize,
    /// On how many nodes there may be two meanwhile.
    pub(super) surge: usize,
}

impl Bounds {
    /// Those of a set that has so many nodes.
    pub(super) fn of(set: &DaemonSet, nodes: usize) -> Self {
        let strategy = set.spec.as_ref().and_then(|spec| spec.update_strategy.as_ref());
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.clone()).unwrap_or_default();
        let RollingUpdateDaemonSet { max_surge, max_unavailable } = rolling;
        let nodes = i32::try_from(nodes).unwrap_or(i32::MAX);
        let read = |value: Option<IntOrString>| {
            let count = value.map_or(0, |value| scaled(&value, nodes, true));
            usize::try_from(count).unwrap_or_default()
        };
        let (surge, unavailable) = (read(max_surge), read(max_unavailable));
        // With both at zero nothing could ever move.
        Self { unavailable: if surge == 0 { unavailable.max(1) } else { unavailable }, surge }
    }
}

/// Whether a Pod has been ready for long enough.
pub(super) fn is_available(set: &DaemonSet, pod: &Pod, now: Timestamp) -> bool {
    let wait = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or_default();
    let ready = ready_since(pod).filter(|_| is_active(pod));
    ready.is_some_and(|since| wait == 0 || now.duration_since(since).as_secs() >= i64::from(wait))
}

/// Whether a Pod is of the newest revision.
pub(super) fn is_new(pod: &Pod, hash: &str) -> bool {
    pod.labels().get(REVISION).is_some_and(|own| own == hash)
}

/// The Pods that are too many on a node: all but the oldest, unless an old one goes on until a new one is available.
pub(super) fn superfluous<'a>(
    pods: &'a [Pod],
    bounds: Bounds,
    hash: &str,
    available: impl Fn(&Pod) -> bool,
) -> Vec<&'a Pod> {
    let active = pods.iter().filter(|pod| is_active(pod)).collect::<Vec<_>>();
    if bounds.surge == 0 {
        return active.into_iter().skip(1).collect();
    }
    let (new, old): (Vec<_>, Vec<_>) = active.into_iter().partition(|pod| is_new(pod, hash));
    let replaced = new.first().is_some_and(|new| available(new));
    let kept = usize::from(!replaced && old.first().is_some_and(|old| new.is_empty() || available(old)));
    old.into_iter().skip(kept).chain(new.into_iter().skip(1)).collect()
}

/// What an update does now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// The Pods that make room.
    pub(super) delete: Vec<String>,
    /// The nodes that get a second one.
    pub(super) create: Vec<String>,
}

/// The next step of an update over these nodes.
pub(super) fn step(nodes: &Nodes, bounds: Bounds, hash: &str, available: impl Fn(&Pod) -> bool) -> Step {
    let (mut broken, mut candidates) = (Vec::new(), Vec::new());
    let (mut unavailable, mut surging) = (0, 0);
    for (node, pods) in nodes {
        let mut active = pods.iter().filter(|pod| is_active(pod));
        match (active.next(), active.next()) {
            (Some(pod), None) if is_new(pod, hash) => unavailable += usize::from(!available(pod)),
            (Some(pod), None) if available(pod) => candidates.push((node.clone(), pod.name_any())),
            (Some(pod), None) => broken.push((node.clone(), pod.name_any())),
            (None, _) => unavailable += 1,
            (Some(_), Some(_)) => surging += 1,
        }
    }
    if bounds.surge > 0 {
        let room = bounds.surge.saturating_sub(surging);
        let create = broken.into_iter().chain(candidates).take(room).map(|(node, _)| node).collect();
        return Step { create, ..Step::default() };
    }
    let room = bounds.unavailable.saturating_sub(unavailable + broken.len());
    let names = broken.into_iter().chain(candidates.into_iter().take(room)).map(|(_, pod)| pod);
    Step { delete: names.collect(), ..Step::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A Pod by its name: `o1+` is an old one that is available, `n1-` a new one that is not.
    fn pod(name: &str) -> Pod {
        let ready = if name.ends_with('+') { "True" } else { "False" };
        let hash = if name.starts_with('n') { "new" } else { "old" };
        serde_json::from_value(json!({
            "metadata": { "name": name, "labels": { REVISION: hash } },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
        }))
        .unwrap()
    }

    fn nodes(pods: &str) -> Nodes {
        let node = |(number, pods): (usize, &str)| {
            (format!("node-{number}"), pods.split_whitespace().map(pod).collect())
        };
        pods.split(',').enumerate().map(node).collect()
    }

    fn available(pod: &Pod) -> bool {
        pod.name_any().ends_with('+')
    }

    #[test]
    fn update_keeps_within_its_bounds() {
        let cases = [
            // (pods per node, unavailable, surge, deleted, nodes that get a second)
            ("o1+,o2+,o3+", 1, 0, "o1+", ""),
            ("o1+,o2+,o3+", 2, 0, "o1+ o2+", ""),
            ("n1-,o2+,o3+", 1, 0, "", ""),
            ("n1+,o2+,o3+", 1, 0, "o2+", ""),
            (",o2+,o3+", 1, 0, "", ""),
            ("o1-,o2+,o3-", 1, 0, "o1- o3-", ""),
            ("n1+,n2+", 1, 0, "", ""),
            ("o1+,o2+,o3+", 0, 1, "", "node-0"),
            ("o1+ n1-,o2+,o3+", 0, 1, "", ""),
            ("o1+ n1-,o2+,o3-", 0, 2, "", "node-2"),
        ];
        for (pods, unavailable, surge, deleted, doubled) in cases {
            let expected = Step {
                delete: deleted.split_whitespace().map(str::to_owned).collect(),
                create: doubled.split_whitespace().map(str::to_owned).collect(),
            };
            let bounds = Bounds { unavailable, surge };
            assert_eq!(step(&nodes(pods), bounds, "new", available), expected, "{pods} {bounds:?}");
        }
    }

    #[test]
    fn what_is_too_many_goes() {
        let cases = [
            ("o1+ o2+", 0, "o2+"),
            ("o1+ n1+", 0, "n1+"),
            ("o1+ n1-", 1, ""),
            ("o1+ n1+", 1, "o1+"),
            ("o1- n1-", 1, "o1-"),
            ("o1+ o2+ n1- n2-", 1, "o2+ n2-"),
            ("n1-", 1, ""),
            ("o1-", 1, ""),
        ];
        for (pods, surge, expected) in cases {
            let pods = pods.split(' ').map(pod).collect::<Vec<_>>();
            let bounds = Bounds { unavailable: 0, surge };
            let names = superfluous(&pods, bounds, "new", available).into_iter().map(ResourceExt::name_any);
            assert_eq!(names.collect::<Vec<_>>().join(" "), expected, "{surge}");
        }
    }

    #[test]
    fn bounds_are_rounded_up() {
        let bounds = |rolling: serde_json::Value| {
            let strategy = json!({ "type": "RollingUpdate", "rollingUpdate": rolling });
            let spec = json!({ "selector": {}, "template": {}, "updateStrategy": strategy });
            Bounds::of(&serde_json::from_value(json!({ "spec": spec })).unwrap(), 5)
        };
        let unavailable = bounds(json!({ "maxUnavailable": "25%", "maxSurge": 0 }));
        assert_eq!(unavailable, Bounds { unavailable: 2, surge: 0 });
        assert_eq!(bounds(json!({})), Bounds { unavailable: 1, surge: 0 });
        let surge = bounds(json!({ "maxUnavailable": 0, "maxSurge": "30%" }));
        assert_eq!(surge, Bounds { unavailable: 0, surge: 2 });
    }
}
