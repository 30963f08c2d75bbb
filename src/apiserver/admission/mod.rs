//! What particular kinds need beyond their schema, when they are written: one file per kind or rule.

mod bindings;
mod daemonsets;
mod definitions;
mod generation;
mod immutable;
mod jobs;
mod limits;
mod namespaces;
mod nodes;
mod pods;
mod policies;
mod priorities;
mod quotas;
mod rules;
mod services;
mod status;
mod usage;
mod volumes;

pub(crate) use definitions::CLEANUP;
pub(crate) use generation::has_generation;
pub(crate) use immutable::immutable;
pub(crate) use policies::{Policies, Request, observe};
pub(crate) use rules::{on_create, on_update};
pub(crate) use status::reset_status;
