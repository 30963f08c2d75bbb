//! The k3d platform on a machine without a cluster: what is said before anything is made, with a stand-in for k3d,
//! and against a real engine where there is one. The whole platform runs in `tests/e2e`.

mod bundles;
mod cases;
mod engine;
mod errors;
mod manifest;
mod pulls;
mod recordings;
mod workspace;

use std::path::Path;

use atelier::error::Failure;
use atelier::platform::k3d::{Folder, Search, Settings, Site};

use crate::support::World;

/// The settings of a lab on the engine at `address`.
fn settings(address: &str) -> Settings {
    let search = Search { host: Some(address.to_owned()), ..Search::default() };
    Settings { search, ..Settings::default() }
}

/// The place of the lab `lab` of the state folder `home`.
async fn site(home: &Path, lab: &str, settings: &Settings) -> Site {
    let site = Site::open(Folder::new(home.join("labs").join(lab)), lab, home, settings).await.unwrap();
    site.keep_record().unwrap();
    site
}

/// A failure as a person is told of it.
fn told(error: impl Into<Failure>) -> String {
    let failure = error.into();
    let mut text = format!("error: {}\n", failure.source);
    let mut next = failure.source.source();
    while let Some(cause) = next {
        text = format!("{text}  caused by: {cause}\n");
        next = cause.source();
    }
    for hint in &failure.hints {
        text = format!("{text}hint: {hint}\n");
    }
    format!("{text}exit code {}\n", failure.kind.exit_code())
}

/// Puts the stand-in for k3d into the world, which claims this version.
pub(crate) fn stand_in(world: &World, version: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/stand_in/k3d");
    world.set("ATELIER_TOOLS_K3D", &program.display().to_string());
    world.set("STAND_IN_K3D", version);
}
