//! Which hint comes next: one whose condition holds, else the next in order.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::chain::Seen;
use super::run::{Open, Run};
use crate::scenario::expression::holds;
use crate::scenario::render::render;

/// Chooses a hint of a step that was not given yet, and renders it. Unasked only one whose time has come.
pub(super) fn choose(
    run: &Run<'_>,
    open: &Open<'_>,
    seen: &[Seen],
    given: &BTreeSet<usize>,
    elapsed: Duration,
    unasked: bool,
) -> Option<(usize, String)> {
    let context = run.context(&open.track, &open.name).ok()?;
    let observed = || seen.iter().map(|seen| (seen.id.clone(), Value::Object(seen.values.clone())));
    let mut values = context.values();
    values.extend(observed());
    let mut scope = context.scope.clone();
    scope.0.extend(observed());
    let hints = &open.step.hints;
    let left = (0..hints.len()).filter(|index| !given.contains(index));
    let fits = |index: &usize| hints[*index].when.as_ref().is_none_or(|when| holds(when, &values).is_ok());
    let due = |index: &usize| hints[*index].after.as_ref().is_some_and(|after| after.value.0 <= elapsed);
    // A hint about something that was not observed yet has nothing to say.
    let told = |index: usize| Some((index, render(&hints[index].text, &scope).ok()?));
    if unasked {
        return left.clone().filter(due).find_map(told);
    }
    let conditional = left.clone().filter(|index| hints[*index].when.is_some() && fits(index)).find_map(told);
    conditional.or_else(|| left.filter(fits).find_map(told))
}
