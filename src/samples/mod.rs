//! The sample applications: our own code, served in a container on a real cluster and in-process by the simulated
//! nodes. What both share is here: settings, health, version, metrics, logs, failures on purpose.

mod failure;
pub mod jukebox;
mod look;
mod metrics;
pub mod postcard;
mod probe;
pub mod resp;
mod service;
mod settings;
mod surroundings;

pub use probe::Probe;
pub use service::Service;
pub use settings::Error;
pub use surroundings::{Connection, Dial, Log, ReadFile, Surroundings};

/// The port that every sample listens on.
pub const PORT: u16 = 8080;
