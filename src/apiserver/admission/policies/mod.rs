//! `ValidatingAdmissionPolicy` and its bindings: what the operators of a cluster demand of objects, in expressions.
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>

mod compile;
mod complete;
mod decide;
mod index;
mod matching;
mod params;
mod request;
mod review;
mod spec;
mod typing;
mod validate;

pub(crate) use complete::observe;
pub(super) use complete::{complete_binding, complete_policy};
pub(crate) use index::Policies;
pub(crate) use request::Request;
