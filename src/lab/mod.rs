//! A lab: plan, stages, state, inventory.
