//! Lint, by single mistakes in a workshop that has none: each with its whole message.

use std::path::{Path, PathBuf};

use atelier::scenario::{Finding, Library, lint};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scenario")
}

fn findings(library: &Library) -> String {
    lint(library, None).iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn good_material_has_no_finding() {
    assert_eq!(findings(&Library::directory(&fixtures().join("library"))), "");
}
