//! `atelier down`: nothing is left, however often and in whatever state it is called.

use crate::support::{World, needs};

#[test]
fn everything_is_gone_and_twice_is_no_error() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let process = world.atelier(&["status", "--json"]).ok().json()["process"].as_u64().unwrap();
    let down = world.atelier(&["down", "--json"]).ok().json();
    assert_eq!(down["left"], serde_json::json!([]));
    let removed = down["removed"].as_array().unwrap();
    assert!(removed.iter().any(|item| item.as_str().unwrap() == format!("process {process}")), "{down}");
    let files = world.run("sh", &["-c", "find \"$ATELIER_HOME\" \"$HOME\" \"$TMPDIR\" -mindepth 1"]);
    assert_eq!(files.stdout(), "");
    let again = world.atelier(&["down", "--json"]).ok().json();
    assert_eq!(again["outcome"], "unchanged");
}

#[test]
fn a_killed_lab_can_be_removed() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    let process = world.atelier(&["status", "--json"]).ok().json()["process"].to_string();
    world.run("kill", &["-9", &process]).ok();
    let down = world.atelier(&["down", "--json"]).ok().json();
    assert_eq!(down["outcome"], "removed");
    assert_eq!(down["left"], serde_json::json!([]));
}

#[test]
fn a_stopped_and_a_suspended_lab_can_be_removed() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["stop"]).ok();
    assert_eq!(world.atelier(&["down", "--json"]).ok().json()["left"], serde_json::json!([]));
    world.atelier(&["up"]).ok();
    let process = world.atelier(&["status", "--json"]).ok().json()["process"].to_string();
    world.run("kill", &["-STOP", &process]).ok();
    assert_eq!(world.atelier(&["down", "--json"]).ok().json()["left"], serde_json::json!([]));
    insta::assert_snapshot!(world.atelier(&["down"]), @"
    $ atelier down
    nothing to do: there is no lab one
    --- exit code 0
    ");
}

#[test]
fn an_object_that_waits_for_its_finalizer_is_named_and_goes() {
    if !needs("kubectl") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let lines = "kubectl apply -f - <<'Y'\n\
        apiVersion: v1\n\
        kind: ConfigMap\n\
        metadata: {name: kept, namespace: default, finalizers: [example.org/never, example.org/ever]}\n\
        Y\n\
        kubectl delete configmap kept -n default --wait=false";
    world.shell("ops", lines).ok();
    let down = world.atelier(&["down"]);
    let told = down.to_string();
    let note = told.split("--- stderr\n").nth(1).unwrap().lines().take(2).collect::<Vec<_>>().join(" ");
    let expected = "ConfigMap default/kept is deleted and waits for its finalizer `example.org/never`, \
        `example.org/ever`; it goes with its cluster";
    assert!(note.contains(expected), "{told}");
    assert_eq!(down.code(), 0);
}
