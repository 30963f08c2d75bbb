//! The labels by which a lab's things in the engine are known, and removed.

use std::collections::HashMap;

/// The lab's name.
pub(super) const LAB: &str = "atelier.lab";
/// The state folder (`ATELIER_HOME`) that the lab belongs to: two of them may have labs of one name.
pub(super) const HOME: &str = "atelier.home";
/// What the thing is in its lab: `network`, `forge`, `images`, …
pub(super) const PART: &str = "atelier.part";
/// k3d's own label: the cluster's name.
pub(super) const CLUSTER: &str = "k3d.cluster";
/// k3d's own label: `server`, `agent`, `loadbalancer`, `noRole` for its tools.
pub(super) const ROLE: &str = "k3d.role";

/// The labels of a thing.
pub(super) fn labels(lab: &str, home: &str, part: &str) -> HashMap<String, String> {
    let pairs = [(LAB, lab), (HOME, home), (PART, part)];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Whose thing it is, in words for an error.
pub(super) fn owner(labels: &HashMap<String, String>) -> String {
    match (labels.get(LAB), labels.get(HOME)) {
        (Some(lab), Some(home)) => format!("lab `{lab}` of `{home}`"),
        (Some(lab), None) => format!("a lab `{lab}`"),
        (None, _) => match labels.get(CLUSTER) {
            Some(cluster) => format!("the k3d cluster `{cluster}`"),
            None => "somebody else".to_owned(),
        },
    }
}

/// Whether the thing belongs to the lab `lab` of the state folder `home`.
pub(super) fn ours(labels: &HashMap<String, String>, lab: &str, home: &str) -> bool {
    labels.get(LAB).is_some_and(|value| value == lab) && labels.get(HOME).is_some_and(|value| value == home)
}
