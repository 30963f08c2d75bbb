//! What the controllers of workloads have in common, and all of them at once: what kube-controller-manager runs.

mod context;
mod events;
mod ownership;
mod percent;
mod pods;
mod readiness;
mod revisions;
mod run;

pub(super) use context::{Context, drive};
pub(super) use events::{Recorder, recorder};
pub(super) use ownership::{claim, controller_of, owner};
pub(super) use percent::scaled;
pub(super) use pods::{create, delete, new_pod, remove_finalizer};
pub(super) use readiness::{is_active, ready_since};
pub(super) use revisions::{Kept, Revisions};
pub use run::run_workload_controllers;
