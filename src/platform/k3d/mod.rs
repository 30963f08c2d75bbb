//! The k3d platform: a real k3s in Docker by the program `k3d`, a real Gitea in a container, the real Flux. Docker
//! is spoken to by its API; only `k3d` (and `flux`, where it has to provide its manifest) is a child process there.
//!
//! Everything that a lab makes in the engine carries [`labels::LAB`], and is found and removed by it, never by name.
//! [`Site`] is a lab's place in the engine: the stages of set-up call its methods, each of which can be called again
//! at any time and goes on from what there is.

mod build;
mod bundle;
mod certificate;
mod cluster;
mod config;
mod credentials;
mod engine;
mod error;
mod folder;
mod forge;
mod images;
mod import;
mod inventory;
mod labels;
mod linked;
mod logs;
mod machine;
mod manifest;
mod names;
mod network;
mod open;
mod preflight;
mod settings;
mod site;
mod tool;
mod workspace;

pub use crate::artifacts::bundle::Bundle;
pub use bundle::{Loaded, Order, keep_manifest, load, save};
pub use engine::{Attached, Engine, Facts, Search};
pub use error::Error;
pub use folder::{Folder, Record};
pub use inventory::{Holding, Part, holdings, labs, remove};
pub use linked::files as linked_files;
pub use logs::Source;
pub use machine::Machine;
pub use manifest::{forget_manifests, images as images_of, manifests, operator};
pub use names::Names;
pub use open::open;
pub use preflight::{Finding, Level, examine};
pub use settings::{Key, Origin, Pull, Settings, Values};
pub use site::Site;
pub use workspace::{Workspace, forge_inside};
