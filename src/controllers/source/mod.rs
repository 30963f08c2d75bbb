//! What the sources have in common: one order of reconciliation, credentials, registries. Each kind has a folder of
//! its own beside this one. <https://fluxcd.io/flux/components/source/>

mod credentials;
mod driver;
mod http;
mod registry;
mod relay;
mod run;
mod tls;

pub(super) use credentials::{Credentials, credentials, credentials_of_charts};
pub(super) use driver::{Attempt, Driver, Failure, Fetch, Kept, Settled, SourceObject, get};
pub(super) use http::fetch;
pub(super) use registry::Repository;
pub(super) use relay::Relay;
pub use run::run_source_controller;
pub(super) use tls::{Tls, Unusable};
