//! The controller of GitRepository: looks at a repository, stores what it finds as an artifact.
//! <https://fluxcd.io/flux/components/source/gitrepositories/>

mod advertisement;
mod checkout;
mod error;
mod ignore;
mod reconcile;
mod reference;
mod run;

pub use run::run_source_controller;
