//! How far a rollout may go now: plain numbers in, numbers out. Pure.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::super::workloads::scaled;

/// A `ReplicaSet`, as far as a rollout looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Its name.
    pub(super) name: String,
    /// What it was told to have.
    pub(super) wanted: i32,
    /// How many of its Pods are available.
    pub(super) available: i32,
}

/// What a Deployment allows during a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How many Pods there shall be in the end.
    pub(super) replicas: i32,
    /// How many more there may be meanwhile.
    pub(super) surge: i32,
    /// How many fewer may be available meanwhile.
    pub(super) unavailable: i32,
}

impl Bounds {
    /// Those of a Deployment.
    pub(super) fn of(deployment: &Deployment) -> Self {
        let default = DeploymentSpec::default();
        let spec = deployment.spec.as_ref().unwrap_or(&default);
        let replicas = spec.replicas.unwrap_or(1);
        if is_recreate(deployment) {
            return Self { replicas, surge: 0, unavailable: replicas };
        }
        let rolling = spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let quarter = IntOrString::String("25%".to_owned());
        let read = |value: Option<&IntOrString>, up| scaled(value.unwrap_or(&quarter), replicas, up);
        let surge = read(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
        let unavailable = read(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), false);
        // With both at zero nothing could ever move.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { replicas, surge, unavailable: unavailable.min(replicas) }
    }

    /// How many Pods must stay available.
    pub(super) fn minimum(self) -> i32 {
        self.replicas - self.unavailable
    }

    /// How many Pods there may be.
    pub(super) fn maximum(self) -> i32 {
        self.replicas + self.surge
    }
}

/// Whether all Pods are to be gone before new ones come.
pub(super) fn is_recreate(deployment: &Deployment) -> bool {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
}

/// The size that the new set may have now, where `total` is what all sets were told to have.
pub(super) fn new_size(bounds: Bounds, new: i32, total: i32) -> i32 {
    if total >= bounds.maximum() {
        return new;
    }
    new + (bounds.maximum() - total).min(bounds.replicas - new)
}

/// The next sizes of a rolling update: either of the new set, or of old ones, which come oldest first. The order of
/// Kubernetes' own controller, but for one thing: of a set that was told to have fewer Pods, no more than that count as
/// available, whatever its status still says.
pub(super) fn roll(bounds: Bounds, new: &Size, old: &[Size]) -> Vec<(String, i32)> {
    let total = new.wanted + old.iter().map(|set| set.wanted).sum::<i32>();
    let size =
        if new.wanted > bounds.replicas { bounds.replicas } else { new_size(bounds, new.wanted, total) };
    if size != new.wanted {
        return vec![(new.name.clone(), size)];
    }
    shrink(bounds, new, old, total)
}

fn shrink(bounds: Bounds, new: &Size, old: &[Size], total: i32) -> Vec<(String, i32)> {
    let mut old = old.to_vec();
    let before = old.clone();
    // Pods of the new set that are not available yet may not be paid for with old ones.
    let mut spare = total - bounds.minimum() - (new.wanted - new.available);
    if spare <= 0 {
        return Vec::new();
    }
    // Old Pods that are not available serve nobody: they go first.
    for set in &mut old {
        let broken = (set.wanted - set.available).clamp(0, spare);
        set.wanted -= broken;
        spare -= broken;
    }
    let available = new.available + old.iter().map(|set| set.available.min(set.wanted)).sum::<i32>();
    let mut spare = available - bounds.minimum();
    for set in &mut old {
        let fewer = set.wanted.min(spare.max(0));
        set.wanted -= fewer;
        spare -= fewer;
    }
    let changed = old.into_iter().zip(before).filter(|(after, before)| after != before);
    changed.map(|(after, _)| (after.name, after.wanted)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn set(name: &str, wanted: i32, available: i32) -> Size {
        Size { name: name.to_owned(), wanted, available }
    }

    fn bounds(replicas: i32, strategy: &Value) -> Bounds {
        let spec = json!({ "replicas": replicas, "strategy": strategy, "selector": {}, "template": {} });
        Bounds::of(&serde_json::from_value(json!({ "spec": spec })).unwrap())
    }

    #[test]
    fn surge_is_rounded_up_and_unavailable_down() {
        let quarter = bounds(3, &json!({}));
        assert_eq!(quarter, Bounds { replicas: 3, surge: 1, unavailable: 0 });
        let ten = bounds(10, &json!({ "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "25%" } }));
        assert_eq!(ten, Bounds { replicas: 10, surge: 0, unavailable: 2 });
        let stuck = bounds(2, &json!({ "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "10%" } }));
        assert_eq!(stuck, Bounds { replicas: 2, surge: 0, unavailable: 1 });
        let recreate = bounds(2, &json!({ "type": "Recreate" }));
        assert_eq!(recreate, Bounds { replicas: 2, surge: 0, unavailable: 2 });
    }

    #[test]
    fn an_image_that_cannot_be_pulled_stops_after_one_pod() {
        let bounds = bounds(3, &json!({}));
        assert_eq!(roll(bounds, &set("new", 0, 0), &[set("old", 3, 3)]), [("new".to_owned(), 1)]);
        assert_eq!(roll(bounds, &set("new", 1, 0), &[set("old", 3, 3)]), []);
    }

    #[test]
    fn broken_old_pods_go_first() {
        let bounds = bounds(3, &json!({}));
        let old = [set("older", 2, 2), set("broken", 1, 0)];
        assert_eq!(roll(bounds, &set("new", 1, 1), &old), [("broken".to_owned(), 0)]);
    }

    #[test]
    fn pods_that_are_told_to_go_are_not_counted_on() {
        let bounds = bounds(1, &json!({}));
        let (gone, good) = (set("gone", 0, 1), set("good", 1, 1));
        assert_eq!(roll(bounds, &set("bad", 0, 0), &[gone.clone(), good.clone()]), [("bad".to_owned(), 1)]);
        assert_eq!(roll(bounds, &set("bad", 1, 0), &[gone, good]), []);
    }

    #[test]
    fn a_rollout_of_any_bounds_ends_and_never_leaves_them() {
        for (replicas, surge, unavailable) in
            [(1, 1, 0), (3, 1, 0), (3, 0, 1), (5, 2, 2), (10, 3, 2), (4, 4, 4), (2, 0, 2), (0, 1, 0)]
        {
            let bounds = Bounds { replicas, surge, unavailable };
            let (mut new, mut old) = (set("new", 0, 0), [set("old", replicas, replicas)]);
            let mut steps = 0;
            while new.wanted != replicas || old[0].wanted != 0 {
                let changes = roll(bounds, &new, &old);
                assert!(!changes.is_empty() || new.available < new.wanted, "stuck at {new:?} {old:?}");
                for (name, wanted) in changes {
                    let set = if name == "new" { &mut new } else { &mut old[0] };
                    set.wanted = wanted;
                    set.available = set.available.min(wanted);
                }
                assert!(new.wanted + old[0].wanted <= bounds.maximum(), "{new:?} {old:?}");
                assert!(new.available + old[0].available >= bounds.minimum(), "{new:?} {old:?}");
                new.available = (new.available + 1).min(new.wanted);
                steps += 1;
                assert!(steps < 100, "no end");
            }
        }
    }
    /// What may happen at any time in the middle of rollouts.
    #[derive(Clone, Debug)]
    enum Happens {
        Reconciled,
        NewTemplate,
        PodAvailable(prop::sample::Index),
        StatusWritten(prop::sample::Index),
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => Just(Happens::Reconciled),
            1 => Just(Happens::NewTemplate),
            3 => any::<prop::sample::Index>().prop_map(Happens::PodAvailable),
            3 => any::<prop::sample::Index>().prop_map(Happens::StatusWritten),
        ]
    }

    proptest! {
        /// However late the sets' statuses are, and however many templates follow each other.
        #[test]
        fn enough_pods_are_available_at_any_time(
            (replicas, surge, unavailable) in (0..6_i32, 1..3_i32, 0..3_i32),
            all in prop::collection::vec(happens(), 0..120),
        ) {
            let bounds = Bounds { replicas, surge, unavailable: unavailable.min(replicas) };
            // Each with what is truly available; the newest is the last.
            let mut sets = vec![(set("0", replicas, replicas), replicas)];
            for one in all {
                match one {
                    Happens::NewTemplate => {
                        let name = sets.len().to_string();
                        sets.push((set(&name, 0, 0), 0));
                    }
                    Happens::PodAvailable(which) => {
                        let (size, available) = which.get_mut(&mut sets);
                        *available = (*available + 1).min(size.wanted);
                    }
                    Happens::StatusWritten(which) => {
                        let (size, available) = which.get_mut(&mut sets);
                        size.available = *available;
                    }
                    Happens::Reconciled => {
                        let sizes: Vec<_> = sets.iter().map(|(size, _)| size.clone()).collect();
                        let Some((new, old)) = sizes.split_last() else { continue };
                        for (name, wanted) in roll(bounds, new, old) {
                            let found = sets.iter_mut().find(|(size, _)| size.name == name);
                            let (size, available) = found.unwrap();
                            size.wanted = wanted;
                            *available = (*available).min(wanted);
                        }
                    }
                }
                let (wanted, available) = sets.iter().fold((0, 0), |(wanted, available), (size, truth)| {
                    (wanted + size.wanted, available + truth)
                });
                prop_assert!(wanted <= bounds.maximum(), "{sets:?}");
                prop_assert!(available >= bounds.minimum(), "{sets:?}");
            }
        }
    }
}
