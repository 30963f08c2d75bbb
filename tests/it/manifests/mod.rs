//! Manifests against the real tools.

mod charts;
mod generated;
mod kustomize;
mod refusals;
