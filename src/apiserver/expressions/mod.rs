//! Kubernetes' dialect of the common expression language, as admission policies use it: parsed, checked, evaluated with
//! a limit of cost. <https://kubernetes.io/docs/reference/using-api/cel/>
//!
//! The function library is that of the `kube-cel` crate, which also evaluates the rules of custom resource definitions.

mod authorizer;
mod check;
mod evaluate;
mod functions;
mod library;
mod loops;
mod node;
mod operators;
mod parse;
mod program;
mod signatures;
#[cfg(test)]
mod tests;
mod token;
mod value;

pub(crate) use authorizer::{Asks, authorizer, request_resource};
pub(crate) use check::Environment;
pub(crate) use evaluate::{Budget, Inputs};
pub(crate) use program::{Program, Wanted};
pub(crate) use signatures::{Type, escaped};
pub(crate) use value::{Value, from_fields, from_json, list, none, of_text, some, text, truth};
