//! OpenAPI documents of the served kinds: enough for `kubectl explain`, for apply on either side and for the check
//! of fields. They are made of the table of types, the Kubernetes library's prose and the definitions of custom kinds.

mod definitions;
mod descriptions;
mod paths;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

pub(crate) use v2::v2;
pub(crate) use v3::{v3_group, v3_index};
