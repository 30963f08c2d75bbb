//! `PersistentVolume`: its phase follows its claim, and one that was made for a claim goes with it.

mod reconcile;

pub(super) use reconcile::run;
