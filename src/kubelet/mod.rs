//! The simulated nodes: they take Pods as a real kubelet does, decide from the image what a container does, tell it
//! in status and Events with the real words, and answer for logs and HTTP. No container runs.
//!
//! The API server dials it for logs and proxying, at the address that each Node's status names. The scheduler
//! lives here too, because without nodes nobody needs one.

mod addresses;
mod clock;
mod container;
mod error;
mod images;
mod network;
mod node;
mod pod;
mod recorder;
mod run;
mod scheduler;
mod server;

pub use clock::Clock;
pub use error::Error;
pub use images::Registry;
pub use run::{Config, run};
