//! The controller of GitRepository: looks at a repository, stores what it finds as an artifact.
//! <https://fluxcd.io/flux/components/source/gitrepositories/>

mod advertisement;
mod checkout;
mod error;
mod ignore;
mod reconcile;
mod reference;
mod run;

pub(super) use ignore::leaves_out;
pub(super) use reconcile::{MANAGER, STORAGE_URL};
pub(super) use run::run_git_repositories;
