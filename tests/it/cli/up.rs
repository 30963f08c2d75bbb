//! `atelier up` and `atelier status`: a lab is there at once, and stays what it is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::World;

/// The outcome of every stage, without repetition.
fn outcomes(up: &Value) -> BTreeSet<&str> {
    let stages = up["stages"].as_array().unwrap();
    assert!(!stages.is_empty(), "{up}");
    stages.iter().map(|stage| stage["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_second_up_changes_nothing_and_status_says_what_runs() {
    let world = World::new();
    let first = world.atelier(&["up", "--json"]).ok().json();
    assert_eq!(outcomes(&first), BTreeSet::from(["created"]));
    let again = world.atelier(&["up", "--json"]).ok().json();
    assert_eq!(outcomes(&again), BTreeSet::from(["unchanged"]));
    assert_eq!(again["endpoints"], first["endpoints"]);

    let status = world.atelier(&["status", "--json"]).ok().json();
    assert_eq!(status["platform"], "embedded");
    assert_eq!(status["state"], "running");
    assert_eq!(status["containers"], false);
    assert_eq!(status["endpoints"], first["endpoints"]);
    let actors = status["actors"].as_array().unwrap().iter().map(|actor| actor["name"].as_str().unwrap());
    assert_eq!(actors.collect::<Vec<_>>(), ["dev2", "ops"]);
    let stages = status["stages"].as_array().unwrap().iter().map(|stage| stage["state"].as_str().unwrap());
    assert_eq!(stages.collect::<BTreeSet<_>>(), BTreeSet::from(["ready"]));
}

#[test]
fn two_labs_live_side_by_side() {
    let world = World::new();
    let one = world.atelier(&["up", "--json", "--lab", "first"]).ok().json();
    let other = world.atelier(&["up", "--json", "--lab", "second"]).ok().json();
    assert_ne!(one["endpoints"], other["endpoints"]);
    world.atelier(&["down", "--lab", "first"]).ok();
    let status = world.atelier(&["status", "--json", "--lab", "second"]).ok().json();
    assert_eq!(status["state"], "running");
}

#[test]
fn what_the_machine_lacks_is_named() {
    let world = World::new();
    world.set("ATELIER_HOME", "/proc/nowhere");
    let ran = world.atelier(&["up"]);
    assert_eq!(ran.code(), 4, "{ran}");
    assert!(ran.to_string().contains("`/proc/nowhere"), "{ran}");
    world.set("ATELIER_HOME", &world.state().display().to_string());
}
