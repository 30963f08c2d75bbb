//! Kubernetes data that several parts share: kinds, conditions, readiness. No input or output.

mod cel;
mod conditions;
mod cron;
mod duration;
mod event;
pub mod flux;
mod image;
mod placement;
mod quantity;
mod readiness;

pub use cel::to_cel;
pub use conditions::{Condition, condition, conditions};
pub use cron::{CronError, Schedule};
pub use duration::{DurationError, format_duration, parse_duration};
pub use event::{EventLog, EventWrite, Happening};
pub use image::{Behaviour, Image};
pub use placement::{allows_node, taints, tolerates};
pub use quantity::parse_quantity;
pub use readiness::{Readiness, readiness};
