//! `atelier schema` and `atelier new`: what editors and authors begin with.

use serde_json::Value;

use crate::support::source::package;
use crate::support::{World, needs};

#[test]
fn the_schema_that_is_checked_in_is_that_of_the_types() {
    let world = World::new();
    let printed = world.atelier(&["schema"]).ok();
    let path = package().join("scenarios/schema.json");
    if std::env::var_os("ATELIER_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, printed.stdout()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == printed.stdout(),
        "scenarios/schema.json is old: `atelier schema > scenarios/schema.json`"
    );
    let schema: Value = serde_json::from_str(&kept).unwrap();
    let text = schema.to_string();
    for word in ["pull_request", "helm_release", "stable_for", "while_waiting", "protected_branches"] {
        assert!(text.contains(&format!("\"{word}\"")), "{word}");
    }
}

#[test]
fn what_is_written_to_begin_with_is_clean_and_works() {
    let world = World::new();
    world.atelier(&["new", "scenario", "mine"]).ok();
    let lint = world.atelier(&["lint", "mine"]).ok();
    assert!(lint.raw().contains("mine: no mistakes, no warnings"), "{lint}");
    let again = world.atelier(&["new", "scenario", "mine"]);
    assert_eq!(again.code(), 2, "{again}");
    let wrong = world.atelier(&["new", "scenario", "My-Own"]);
    assert_eq!(wrong.code(), 2, "{wrong}");
    if !needs("git") {
        return;
    }
    world.atelier(&["--scenarios", "mine", "--workshop", "mine", "up"]).ok();
    let ran = world.atelier(&["--workshop", "mine", "rehearse", "--all", "--twice", "--cleanup"]).ok();
    assert!(ran.raw().contains("1 steps in"), "{ran}");
}
