//! The controller of `OCIRepository`: looks at a repository of a registry, stores a layer of what it finds.
//! <https://fluxcd.io/flux/components/source/ocirepositories/>

mod fetch;
mod reference;
mod run;

pub(super) use fetch::CHART_LAYER;
pub(super) use run::run_oci_repositories;
