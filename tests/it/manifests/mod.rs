//! Manifests against the real tools.

mod kustomize;
