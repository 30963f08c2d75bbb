//! Manifests as pure functions: files in, objects out. No input or output, no cluster.

pub mod kustomize;
pub mod patch;
pub mod semver;
pub mod substitute;
pub mod yaml;
