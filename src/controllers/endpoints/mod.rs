//! Endpoints: the older way to tell which Pods answer for a Service, which people still look at.

mod reconcile;

pub(super) use reconcile::run;
