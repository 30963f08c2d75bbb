//! The controller of HelmRelease: keeps a chart installed, with Helm's own storage, hooks and tests.
//! <https://fluxcd.io/flux/components/helm/helmreleases/>

mod actions;
mod attempt;
mod chart;
mod drift;
mod hooks;
mod objects;
mod reconcile;
mod release;
mod render;
mod run;
mod state;
mod steps;
mod storage;
mod values;

pub use run::run_helm_controller;
