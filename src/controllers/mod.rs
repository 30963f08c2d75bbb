//! Reconcilers, one file or folder per kind.

mod deployment;
mod endpoints;
mod endpointslice;
mod replicaset;
mod workloads;

pub use workloads::run_workload_controllers;
