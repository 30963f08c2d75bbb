//! How a change of `replicas` is shared among `ReplicaSet`s in the middle of a rollout. Pure.

use super::rollout::Bounds;

/// A `ReplicaSet` with Pods, newest first in lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Its name.
    pub(super) name: String,
    /// What it was told to have.
    pub(super) wanted: i32,
    /// How many Pods there might have been in all when it was told.
    pub(super) maximum: Option<i32>,
}

/// Shares the difference in proportion to the sizes; what is left over by rounding goes to the largest.
pub(super) fn share(bounds: Bounds, sets: &[Share]) -> Vec<(String, i32)> {
    let total = sets.iter().map(|set| set.wanted).sum::<i32>();
    let allowed = if bounds.replicas > 0 { bounds.maximum() } else { 0 };
    let difference = allowed - total;
    let mut order = (0..sets.len()).collect::<Vec<_>>();
    // Among equals, the newest grows first and the oldest shrinks first.
    order.sort_by_key(|&index| {
        let age = i64::try_from(index).unwrap_or(i64::MAX);
        (-i64::from(sets[index].wanted), if difference > 0 { age } else { -age })
    });
    let mut sizes = sets.iter().map(|set| set.wanted).collect::<Vec<_>>();
    let mut left = difference;
    for &index in &order {
        let set = &sets[index];
        let maximum = set.maximum.filter(|maximum| *maximum > 0).unwrap_or(bounds.replicas.max(1));
        let ideal = (f64::from(set.wanted) * f64::from(allowed) / f64::from(maximum)).round();
        let fraction = (ideal - f64::from(set.wanted)).clamp(-1e9, 1e9);
        let fraction = rounded(fraction).clamp(left.min(0), left.max(0));
        sizes[index] = (set.wanted + fraction).max(0);
        left -= sizes[index] - set.wanted;
    }
    if let Some(&first) = order.first() {
        sizes[first] = (sizes[first] + left).max(0);
    }
    let changed = sets.iter().zip(sizes).filter(|(set, size)| set.wanted != *size);
    changed.map(|(set, size)| (set.name.clone(), size)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the caller keeps it within bounds")]
fn rounded(number: f64) -> i32 {
    number.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(sizes: &[(&str, i32)], maximum: i32) -> Vec<Share> {
        let share = |(name, wanted): &(&str, i32)| Share {
            name: (*name).to_owned(),
            wanted: *wanted,
            maximum: Some(maximum),
        };
        sizes.iter().map(share).collect()
    }

    #[test]
    fn difference_is_shared_in_proportion() {
        let bounds = Bounds { replicas: 20, surge: 0, unavailable: 0 };
        let shared = share(bounds, &sets(&[("new", 2), ("old", 8)], 10));
        assert_eq!(shared, [("new".to_owned(), 4), ("old".to_owned(), 16)]);
        let bounds = Bounds { replicas: 5, surge: 0, unavailable: 0 };
        let shared = share(bounds, &sets(&[("new", 2), ("old", 8)], 10));
        assert_eq!(shared, [("new".to_owned(), 1), ("old".to_owned(), 4)]);
    }

    #[test]
    fn nothing_is_left_over() {
        for replicas in 0..30 {
            let bounds = Bounds { replicas, surge: 1, unavailable: 0 };
            let before = sets(&[("c", 1), ("b", 3), ("a", 3)], 7);
            let after = share(bounds, &before);
            let total = before.iter().map(|set| {
                after.iter().find(|(name, _)| *name == set.name).map_or(set.wanted, |(_, size)| *size)
            });
            assert_eq!(total.sum::<i32>(), if replicas == 0 { 0 } else { replicas + 1 });
        }
    }
}
