//! The embedded Kubernetes API server.

pub(crate) mod openapi;
pub(crate) mod patch;
pub(crate) mod tables;
pub(crate) mod types;
