//! Manifests against the real tools.

mod charts;
mod kustomize;
