//! The controller of `HelmChart`: pulls a chart from a repository, or packages a folder of another source.
//! <https://fluxcd.io/flux/components/source/helmcharts/>

mod build;
mod dependencies;
mod fetch;
mod pull;
mod run;

pub(super) use run::run_helm_charts;
