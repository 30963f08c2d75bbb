//! `CronJob`: Jobs made at the times of a schedule, and kept for a while when they are over.

mod due;
mod jobs;
mod reconcile;

pub(super) use reconcile::run;
