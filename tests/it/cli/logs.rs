//! `atelier logs`: the last words of the background process, also after its end.

use crate::support::World;

#[test]
fn as_many_lines_as_asked_for_also_of_a_stopped_lab() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let all = world.atelier(&["logs"]).ok().stdout().lines().count();
    assert!(all > 1, "the process says something");
    assert_eq!(world.atelier(&["logs", "--tail", "1"]).ok().stdout().lines().count(), 1);
    world.atelier(&["stop"]).ok();
    let last = world.atelier(&["logs", "--tail", "1"]).ok();
    assert!(last.stdout().contains("told to end"), "{last}");
}

#[test]
fn a_lab_without_a_log_is_told_from_no_lab() {
    let world = World::new();
    std::fs::create_dir_all(world.state().join("labs/one")).unwrap();
    insta::assert_snapshot!(world.atelier(&["logs"]), @"
    $ atelier logs
    --- stderr
    error: the background process has not been started yet
    hint: `atelier up` starts it
    --- exit code 5
    ");
}
