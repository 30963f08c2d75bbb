//! The embedded Kubernetes API server: an axum router over a store of JSON objects, for the kinds of a table of
//! types and those of custom resource definitions. It runs no containers and decides nothing about workloads: that is
//! the controllers' and the kubelet's, which see it as a client does.

mod access;
mod admission;
mod audit;
mod authentication;
mod body;
mod catalog;
mod compress;
mod convert;
mod discovery;
mod expressions;
mod lifecycle;
mod meta;
mod openapi;
mod patch;
mod protobuf;
mod query;
mod respond;
mod reviews;
mod router;
mod selectable;
mod selectors;
mod serve;
mod server;
mod status;
mod store;
mod subresources;
mod syntax;
mod tables;
mod target;
mod tokens;
mod types;
mod verbs;

pub use audit::{Error as AuditError, Settings as Audit};
pub use serve::serve;
pub use server::{ApiServer, Config, Error};
pub use store::Error as StoreError;
