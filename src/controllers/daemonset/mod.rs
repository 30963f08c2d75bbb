//! `DaemonSet`: one Pod on every node that may have it.

mod placement;
mod reconcile;
mod rollout;
mod status;

pub(super) use reconcile::run;
