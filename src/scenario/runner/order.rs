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
