//! `StatefulSet`: Pods with names and claims of their own, made, changed and removed in order.

mod pods;
mod reconcile;

pub(super) use reconcile::run;
