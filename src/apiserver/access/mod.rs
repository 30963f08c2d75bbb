//! Who may do what: roles and bindings, in an index that every write to them keeps up to date.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>
//!
//! Who somebody is, is not decided here.

mod aggregate;
mod attributes;
mod bootstrap;
mod check;
mod escalation;
mod index;
mod role;
mod rule;

pub(crate) use attributes::{Attributes, Object};
pub(crate) use bootstrap::bootstrap;
pub(crate) use check::require;
pub(crate) use index::Access;
