//! The controller of HelmRelease: keeps a chart installed.
//! <https://fluxcd.io/flux/components/helm/helmreleases/>

mod run;

pub use run::run_helm_controller;
