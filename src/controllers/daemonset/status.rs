//! The status of a `DaemonSet`. Pure.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::super::workloads::ready_since;
use super::placement::{Place, place};
use super::rollout::{Nodes, is_available, is_new};

/// The status for these nodes and the Pods on them; `hash` is that of the newest revision.
pub(super) fn status(
    set: &DaemonSet,
    nodes: &[Node],
    pods: &Nodes,
    hash: &str,
    now: Timestamp,
) -> DaemonSetStatus {
    let before = set.status.clone().unwrap_or_default();
    let mut status = DaemonSetStatus {
        collision_count: before.collision_count,
        conditions: before.conditions,
        observed_generation: set.metadata.generation,
        ..DaemonSetStatus::default()
    };
    let (mut updated, mut available) = (0, 0);
    for node in nodes {
        let own = pods.get(&node.name_any()).map_or(&[] as &[Pod], Vec::as_slice);
        if place(set, node) != Place::Wanted {
            status.number_misscheduled += i32::from(!own.is_empty());
            continue;
        }
        status.desired_number_scheduled += 1;
        let Some(first) = own.first() else { continue };
        status.current_number_scheduled += 1;
        status.number_ready += i32::from(ready_since(first).is_some());
        available += i32::from(is_available(set, first, now));
        updated += i32::from(is_new(first, hash));
    }
    let some = |count: i32| (count > 0).then_some(count);
    status.updated_number_scheduled = some(updated);
    status.number_available = some(available);
    status.number_unavailable = some(status.desired_number_scheduled - available);
    status
}
