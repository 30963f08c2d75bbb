//! `EndpointSlice`: which Pods answer for a Service.

mod addresses;
mod reconcile;

pub(super) use addresses::{Group, groups, is_terminating, service_triggers, target};
pub(super) use reconcile::run;
