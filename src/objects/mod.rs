//! Kubernetes data that several parts share: kinds, conditions, readiness. No input or output.

mod conditions;
mod event;
mod image;

pub use conditions::{Condition, condition, conditions};
pub use event::{EventLog, EventWrite, Happening};
pub use image::{Behaviour, Image};
