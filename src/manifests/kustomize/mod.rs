//! Kustomize: a folder with a `kustomization.yaml`, or without one, built to objects as the real kustomize does.
//! <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>

mod build;
mod dotted_path;
mod error;
mod field_paths;
mod generators;
mod identity;
mod images;
mod kustomization;
mod metadata;
mod names;
mod namespace;
mod order;
mod patches;
mod replacements;
mod replicas;
mod resource;
mod selector;
mod tree;
mod vars;

pub use build::{Overlay, build, build_overlay};
pub use error::Error;
pub use kustomization::{Image, Patch, Target};
