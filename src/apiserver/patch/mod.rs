//! Changing objects, as pure functions on JSON: the four kinds of patches, and the bookkeeping of who owns which
//! field. What may be changed at all, and what is stored, is decided elsewhere.

pub(crate) mod apply;
mod combine;
mod compare;
mod error;
mod field_set;
mod fields;
mod json;
mod last_applied;
pub(crate) mod managed;
mod merge;
mod owners;
mod step;
mod strategic;
#[cfg(test)]
mod tests;
mod typed;

pub(crate) use error::PatchError;
pub(crate) use json::json;
pub(crate) use managed::Writer;
pub(crate) use merge::merge;
pub(crate) use strategic::strategic;
pub(crate) use typed::{plain, shown_version, sorted};
