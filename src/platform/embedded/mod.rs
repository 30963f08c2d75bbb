//! The embedded platform: API server, forge, registry, reconcilers and simulated nodes in one background process
//! of ours, reached over loopback only. No containers run here, and nothing says otherwise.
//!
//! The driver's side ([`open`], [`Folder`]) speaks to that process over the wire; the process's side is [`serve`].

mod alive;
mod cluster;
mod folder;
mod forge;
mod hooks;
mod open;
mod operator;
mod prompt;
mod serve;
mod start;
mod tempo;

pub use alive::runs;
pub use folder::{Folder, Ports, Secrets, State};
pub use open::open;
pub use serve::{ServeConfig, serve};
pub use start::Start;
pub use tempo::{Hold, hold_speed, set_speed, speed};
