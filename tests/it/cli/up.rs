//! `atelier up` and `atelier status`: a lab is there at once, and stays what it is.

use std::collections::BTreeSet;

use atelier::lab::{Home, Lock};
use rustix::process::Signal;
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
    assert_eq!(actors.collect::<Vec<_>>(), ["dev1", "dev2", "ops"]);
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

#[test]
fn a_second_up_says_unchanged_of_every_stage() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let again = world.atelier(&["up"]).ok().to_string();
    let stages = again.lines().filter_map(|line| line.strip_prefix("✓ "));
    let said = stages.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    assert_eq!(
        said.collect::<BTreeSet<_>>(),
        ["folder", "server", "actors", "repositories", "definitions", "operator", "receiver"]
            .map(|stage| format!("{stage} Unchanged"))
            .into()
    );
}

#[test]
fn a_folder_of_state_that_is_something_else_is_named() {
    let world = World::new();
    std::fs::create_dir_all(world.state().join("labs")).unwrap();
    std::fs::write(world.state().join("labs/one"), "mine\n").unwrap();
    for command in ["up", "down", "env dev2"] {
        let words = command.split(' ').collect::<Vec<_>>();
        let ran = world.atelier(&words);
        let expected = format!(
            "$ atelier {command}\n--- stderr\nerror: `<world>/state/labs/one` is not a folder\n\
             hint: move it away, or set ATELIER_HOME to a folder that you can write\n--- exit code 4"
        );
        assert_eq!(ran.to_string(), expected);
    }
    assert_eq!(std::fs::read_to_string(world.state().join("labs/one")).unwrap(), "mine\n");
    std::fs::remove_dir_all(world.state()).unwrap();
    std::fs::write(world.state(), "mine\n").unwrap();
    let ran = world.atelier(&["up"]);
    assert!(ran.to_string().contains("error: `<world>/state` is not a folder\n"), "{ran}");
    std::fs::remove_file(world.state()).unwrap();
}

#[test]
fn a_damaged_or_newer_description_is_told_and_can_be_removed() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let path = world.state().join("labs/one/lab.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"version\": 1", "\"version\": 7", 1)).unwrap();
    insta::assert_snapshot!(world.atelier(&["up"]), @"
    $ atelier up
    --- stderr
    error: lab `one` has state version 7, and this program knows 1
    hint: use the newer program, or remove the lab with `atelier down`
    --- exit code 5
    ");
    std::fs::write(&path, &text[..40]).unwrap();
    insta::assert_snapshot!(world.atelier(&["up"]), @"
    $ atelier up
    --- stderr
    error: `<world>/state/labs/one/lab.json` does not describe a lab
      caused by: EOF while parsing a string at line 4 column 5
    hint: `atelier down` removes the lab, whatever state it is in
    --- exit code 5
    ");
    // The process still runs, and goes with the rest.
    let down = world.atelier(&["down", "--json"]).ok().json();
    assert!(down["removed"].to_string().contains("process"), "{down}");
    assert!(!world.state().exists());
}

#[test]
fn damaged_ports_end_in_the_way_out() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    std::fs::write(world.state().join("labs/one/platform/ports.json"), "{").unwrap();
    let ran = world.atelier(&["up"]).to_string();
    let (_, said) = ran.split_once("error: ").unwrap();
    insta::assert_snapshot!(said, @"
    stage `server` of lab `one`
      caused by: `<world>/state/labs/one/platform/ports.json` is damaged
      caused by: EOF while parsing an object at line 1 column 1
    hint: `atelier down` removes the lab, whatever state it is in
    --- exit code 5
    ");
}

#[test]
fn one_command_at_a_time_changes_a_lab() {
    let world = World::new();
    let lab = Home::new(world.state()).lab("one").unwrap();
    lab.create().unwrap();
    let held = Lock::take(&lab, "up").unwrap();
    for command in ["up", "down"] {
        let expected = format!(
            "$ atelier {command}\n--- stderr\n\
             error: lab `one` is being changed by `atelier up (process <pid>)`\n\
             hint: wait until it is done, and try again\n--- exit code 6"
        );
        assert_eq!(world.atelier(&[command]).to_string(), expected);
    }
    drop(held);
    // Both begin at once; whoever comes second is told so, or comes when the first is done.
    let script = "\"$0\" up & \"$0\" up; second=$?; wait $!; echo \"codes $? $second\"";
    let both = world.run("bash", &["-c", script, World::PROGRAM]);
    let codes = both.stdout().lines().last().unwrap().to_owned();
    assert!(["codes 0 0", "codes 0 6", "codes 6 0"].contains(&codes.as_str()), "{both}");
    assert_eq!(outcomes(&world.atelier(&["up", "--json"]).ok().json()), BTreeSet::from(["unchanged"]));
}

/// What the machine has of a lab: files in the folders of this world, and the process.
fn left(world: &World) -> String {
    world
        .run("sh", &["-c", "find \"$ATELIER_HOME\" \"$HOME\" \"$TMPDIR\" -mindepth 1 2>/dev/null"])
        .stdout()
        .to_owned()
}

#[test]
fn ctrl_c_leaves_a_lab_that_up_continues_and_down_removes() {
    let world = World::new();
    for lines in [2, 5, 8, 11] {
        let ended = world.signalled(&["up"], lines, Signal::INT);
        // It may have been done by then.
        assert!(matches!(ended.code, Some(0 | 130)), "after {lines} lines: {}", ended.stderr);
        if lines == 5 {
            world.atelier(&["down"]).ok();
            assert_eq!(left(&world), "");
        }
    }
    world.atelier(&["up"]).ok();
    assert_eq!(outcomes(&world.atelier(&["up", "--json"]).ok().json()), BTreeSet::from(["unchanged"]));
    world.atelier(&["down"]).ok();
    assert_eq!(left(&world), "");
}

#[test]
fn killed_at_any_moment_up_converges_and_down_leaves_nothing() {
    let world = World::new();
    for lines in [0, 1, 3, 4, 6, 7, 9, 10] {
        world.signalled(&["up"], lines, Signal::KILL);
        if lines % 2 == 0 {
            world.atelier(&["up"]).ok();
            let again = world.atelier(&["up", "--json"]).ok().json();
            assert_eq!(outcomes(&again), BTreeSet::from(["unchanged"]), "after {lines} lines");
        }
        world.atelier(&["down"]).ok();
        assert_eq!(left(&world), "", "after {lines} lines");
    }
}

#[test]
fn everything_is_its_owners_alone() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let open = world.run("sh", &["-c", "umask 022; find \"$ATELIER_HOME\" -perm /077"]).ok();
    assert_eq!(open.stdout(), "");
}
