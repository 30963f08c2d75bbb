//! The controller of `HelmRepository`: keeps the index of a repository over HTTP. One of the type `oci` has nothing to
//! keep. <https://fluxcd.io/flux/components/source/helmrepositories/>

mod fetch;
mod index;
mod run;

pub(super) use index::Index;
pub(super) use run::run_helm_repositories;
