//! What particular kinds need beyond their schema, when they are written: one file per kind or rule.

mod definitions;
mod generation;
mod immutable;
mod jobs;
mod namespaces;
mod pods;
mod rules;
mod services;
mod status;

pub(crate) use definitions::CLEANUP;
pub(crate) use generation::has_generation;
pub(crate) use immutable::immutable;
pub(crate) use rules::{on_create, on_update};
pub(crate) use status::reset_status;
