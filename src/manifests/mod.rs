//! Manifests as pure functions: files in, objects out. No cluster, no network; only charts can be read from a folder.

pub mod charts;
pub mod kustomize;
pub mod patch;
pub mod semver;
pub mod substitute;
pub mod yaml;
