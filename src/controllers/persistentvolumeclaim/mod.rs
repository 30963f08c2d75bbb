//! `PersistentVolumeClaim`: bound to a volume that fits, or to one that is made for it as k3s' local-path does.

mod class;
mod reconcile;
mod volume;

pub(super) use reconcile::run;
pub(super) use volume::PROVISIONED_BY;
