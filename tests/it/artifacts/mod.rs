//! Artefacts and the programs of others that read and write them.

pub(crate) mod archives;
mod bundle;
mod bundle_http;
mod clients;
mod docker;
mod fuzz;
