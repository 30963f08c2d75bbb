//! An OCI registry that is part of this process: the distribution API below `/v2/`, with the forge's users. Images,
//! charts and other artefacts are all the same to it. <https://github.com/opencontainers/distribution-spec>

mod access;
mod blobs;
mod catalog;
mod digest;
mod error;
mod manifests;
mod name;
mod packages;
mod range;
mod referrers;
mod router;
mod server;
mod storage;
mod tags;
mod token;
mod uploads;

pub use error::Error;
pub use server::{Config, Registry};
