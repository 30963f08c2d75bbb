//! The k3d platform on a machine without a cluster: what is said before anything is made, with a stand-in for k3d,
//! and against a real engine where there is one. The whole platform runs in `tests/e2e`.

mod cases;
mod config;
mod doctor;
mod engine;
mod recordings;

use std::path::Path;

use crate::support::World;

/// Puts the stand-in for k3d into the world, which claims this version.
fn stand_in(world: &World, version: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/stand_in/k3d");
    world.set("ATELIER_TOOLS_K3D", &program.display().to_string());
    world.set("STAND_IN_K3D", version);
}
