//! The controller of Kustomization: builds a folder of a source, applies it, prunes, watches over health.
//! <https://fluxcd.io/flux/components/kustomize/kustomizations/>

mod apply;
mod build;
mod dependencies;
mod error;
mod finalize;
mod normalize;
mod ownership;
mod prune;
mod reconcile;
mod run;
mod sources;

pub(super) use build::{image_overrides, patches};
pub use run::run_kustomize_controller;
