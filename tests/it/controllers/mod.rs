//! Reconcilers against the API server in this process.

mod deployment;
mod endpointslice;
mod kubectl;
mod replicaset;
