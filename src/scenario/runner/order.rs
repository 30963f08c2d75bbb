//! Which step comes when: after the one above it, and after all that it needs.

use std::collections::BTreeSet;

use crate::scenario::workshop::Workshop;

/// One step: its track and its place in it.
pub(crate) type Place = (String, usize);

/// The place of `<track>.<step>`.
pub(crate) fn find(workshop: &Workshop, name: &str) -> Option<Place> {
    let (track, step) = name.split_once('.')?;
    let steps = &workshop.scenarios.get(track)?.steps;
    let index = steps.iter().position(|other| other.id.value == step)?;
    Some((track.to_owned(), index))
}

/// All steps of some tracks and all that they need, in an order that works.
pub(crate) fn order(workshop: &Workshop, tracks: &[String]) -> Vec<Place> {
    let mut order = Order { workshop, seen: BTreeSet::new(), places: Vec::new() };
    for track in tracks {
        let count = workshop.scenarios.get(track).map_or(0, |scenario| scenario.steps.len());
        (0..count).for_each(|index| order.visit(&(track.clone(), index)));
    }
    order.places
}

/// One step and all that it needs, in an order that works.
pub(crate) fn order_until(workshop: &Workshop, place: &Place) -> Vec<Place> {
    let mut order = Order { workshop, seen: BTreeSet::new(), places: Vec::new() };
    order.visit(place);
    order.places
}

/// The same steps as [`order`], in another order that works: which of the tracks goes on is chosen by chance, and the
/// same seed chooses the same way.
pub(crate) fn interleaved(workshop: &Workshop, tracks: &[String], seed: u64) -> Vec<Place> {
    let mut left = order(workshop, tracks);
    let all: BTreeSet<Place> = left.iter().cloned().collect();
    let mut chance = Chance(seed);
    let mut places: Vec<Place> = Vec::new();
    while !left.is_empty() {
        let ready = |place: &&Place| {
            let (track, index) = *place;
            let above = *index == 0 || places.contains(&(track.clone(), index - 1));
            let needs = workshop.scenarios.get(track).map(|scenario| &scenario.steps[*index].needs);
            let needs = needs.into_iter().flatten().filter_map(|need| find(workshop, need));
            above && needs.filter(|need| all.contains(need)).all(|need| places.contains(&need))
        };
        let ready: Vec<Place> = left.iter().filter(ready).cloned().collect();
        // Lint has refused cycles; without it the plain order goes on.
        let Some(next) = ready.get(chance.below(ready.len())).or(left.first()).cloned() else { break };
        left.retain(|place| *place != next);
        places.push(next);
    }
    places
}

/// A row of numbers that look like chance: `SplitMix64`. <https://prng.di.unimi.it/splitmix64.c>
struct Chance(u64);

impl Chance {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = mixed ^ (mixed >> 31);
        usize::try_from(wide % limit.max(1) as u64).unwrap_or_default()
    }
}

struct Order<'a> {
    workshop: &'a Workshop,
    seen: BTreeSet<Place>,
    places: Vec<Place>,
}

impl Order<'_> {
    /// Lint has refused cycles; a step that is seen again is left out, so that this ends in any case.
    fn visit(&mut self, place: &Place) {
        if !self.seen.insert(place.clone()) {
            return;
        }
        let (track, index) = place;
        if *index > 0 {
            self.visit(&(track.clone(), index - 1));
        }
        let step = self.workshop.scenarios.get(track).and_then(|scenario| scenario.steps.get(*index));
        for need in step.into_iter().flat_map(|step| &step.needs) {
            if let Some(needed) = find(self.workshop, need) {
                self.visit(&needed);
            }
        }
        self.places.push(place.clone());
    }
}
