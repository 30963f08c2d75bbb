//! Kubernetes data that several parts share: kinds, conditions, readiness. No input or output.

mod conditions;
mod image;

pub use conditions::{Condition, condition, conditions};
pub use image::{Behaviour, Image};
