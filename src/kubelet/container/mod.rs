//! One simulated container: from its image to its end, and again.

mod command;
mod environment;
mod life;
mod logs;
mod mounts;
mod needs;
mod probes;
mod program;
mod record;
mod redis;
mod site;

pub(super) use command::is_simulated;
pub(super) use life::{Container, Policy, Role};
pub(super) use logs::{Logs, Wanted};
pub(super) use needs::{Need, Needs};
pub(super) use program::Program;
pub(super) use record::{Record, State};
