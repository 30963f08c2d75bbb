//! `PodDisruptionBudget`: how many Pods may be evicted now. The API server's `/eviction` asks for it.

mod budget;
mod reconcile;

pub(super) use reconcile::run;
