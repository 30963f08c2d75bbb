//! What makes an object invalid, in Kubernetes' words: what its schema demands, and for built-in kinds the
//! commonest of what Kubernetes checks in code.

mod field_error;
mod metadata;
mod names;
mod object;
mod pods;
mod rules;
mod schema;
mod workloads;

pub(crate) use field_error::{FieldError, Reason};
pub(crate) use names::{qualified, subdomain};
pub(crate) use object::{validate, validate_change};
