//! What makes an object invalid, in Kubernetes' words: what its schema demands, and for built-in kinds
//! what Kubernetes checks in code (a file for each kind or family; which speaks for which is in `builtin`).

mod access;
mod admission;
mod autoscalers;
mod batch;
mod budgets;
mod builtin;
mod changes;
mod config;
mod containers;
mod definitions;
mod events;
mod field;
mod field_error;
mod ingresses;
mod metadata;
mod names;
mod network_policies;
mod object;
mod pods;
mod quotas;
mod rules;
mod schema;
mod services;
mod slices;
mod storage;
mod structural;
mod volumes;
mod warnings;
mod workloads;

pub(crate) use field_error::{FieldError, Reason};
pub(crate) use names::{label_value, qualified, subdomain};
pub(crate) use object::{validate, validate_change, validate_status};
pub(crate) use warnings::warnings;
