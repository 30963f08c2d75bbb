//! Deployment: revisions of a template as `ReplicaSet`s, and the way from one to the next.

mod history;
mod reconcile;
mod replicasets;
mod rollout;
mod scaling;
mod status;
mod template;

pub(super) use reconcile::run;
pub(super) use template::hash;
