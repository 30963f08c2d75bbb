//! The registry over real HTTP: what clients of it send, compared with recordings of a real one.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod access;
mod conformance;
mod content;
mod interrupted;
mod packages;
mod recordings;
pub(crate) mod world;
