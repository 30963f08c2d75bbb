//! The controller of `ExternalArtifact`. Flux has none: the kind is for the controllers of others, which write its
//! status. Here there are no such others, and the object is told so.
//! <https://fluxcd.io/flux/components/source/externalartifacts/>

mod reconcile;
mod run;

pub(super) use run::run_external_artifacts;
