//! What controllers make of objects, through the API server in process.

mod bad_input;
mod bucket;
mod cronjob;
mod daemonset;
mod deployment;
mod endpointslice;
mod expressions;
mod flux;
mod gitrepository;
mod helmchart;
mod helmrelease;
mod helmrepository;
mod job;
pub(crate) mod kubectl;
mod kustomization;
mod ocirepository;
mod persistentvolumeclaim;
mod poddisruptionbudget;
mod receiver;
mod replicaset;
mod statefulset;
mod tls;
