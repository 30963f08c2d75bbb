//! One object in the versions of its kind that are served. Most kinds have the same fields in every version; Events
//! of the two groups do not.

mod events;
mod version;

pub(crate) use version::{bytes, into_version, prefix, render, stored, view};
