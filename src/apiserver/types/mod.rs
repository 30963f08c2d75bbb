//! What is known about kinds: names, verbs, fields, defaults, merge and map keys. The facts of built-in kinds are a
//! table of data, those of custom kinds come from their definitions. Nothing here reads or writes the store.

mod crd;
mod decode;
mod default;
mod expression;
mod kind;
mod pod_defaults;
mod prune;
mod quantity;
mod registry;
mod schema;
#[cfg(test)]
mod tests;
mod validate;
mod workload_defaults;

pub(crate) use decode::decode;
pub(crate) use default::default;
pub(crate) use expression::Expression;
pub(crate) use kind::{Kind, PrinterColumn, ScalePaths};
pub(crate) use prune::prune;
pub(crate) use quantity::Amount;
pub(crate) use registry::Registry;
pub(crate) use schema::{List, ListKind, Node, Rules, Schema, Shape};
pub(crate) use validate::{
    FieldError, Reason, label_value, qualified, subdomain, validate, validate_change, validate_status,
    warnings,
};
