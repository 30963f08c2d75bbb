//! `ReplicaSet`: so many Pods of one template.

mod pods;
mod reconcile;
mod status;

pub(super) use reconcile::run;
