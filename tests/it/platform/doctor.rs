//! `atelier doctor`, and the stage `preflight` that looks at the same.

use serde_json::Value;

use super::stand_in;
use crate::support::World;

fn findings(world: &World) -> (i32, Vec<Value>) {
    let ran = world.atelier(&["doctor", "--platform", "k3d", "--json"]);
    let mut document: Value = serde_json::from_str(ran.stdout()).unwrap();
    (ran.code(), serde_json::from_value(document["findings"].take()).unwrap())
}

fn finding<'a>(findings: &'a [Value], what: &str) -> &'a Value {
    findings.iter().find(|finding| finding["what"] == what).unwrap()
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let world = World::new();
    world.set("ATELIER_TOOLS_K3D", "/nowhere/k3d");
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    let (code, findings) = findings(&world);
    assert_eq!(code, 4);
    let k3d = finding(&findings, "k3d");
    assert_eq!(k3d["level"], "problem");
    assert_eq!(k3d["advice"], "install k3d 5.6.0 or newer from https://k3d.io, or set `tools.k3d`");
    let engine = finding(&findings, "engine");
    assert_eq!(
        engine["found"],
        "no Docker engine answers; tried unix:///nowhere.sock (Socket not found: /nowhere.sock)"
    );
}

#[test]
fn engines_elsewhere_are_refused() {
    let world = World::new();
    world.set("DOCKER_HOST", "ssh://somewhere");
    let (_, findings) = findings(&world);
    let text = "the Docker engine's address `ssh://somewhere` cannot be used: the engine must be on this machine; \
        use its socket, `unix:///…`";
    assert_eq!(finding(&findings, "engine")["found"], text);
}

#[test]
fn versions_of_a_stand_in_k3d_are_judged() {
    let world = World::new();
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    for (version, level) in [("v5.8.3", "good"), ("v5-dev", "warning"), ("v5.4.9", "problem")] {
        stand_in(&world, version);
        let (_, findings) = findings(&world);
        assert_eq!(finding(&findings, "k3d")["level"], level, "{version}");
    }
}

#[test]
fn up_makes_nothing_on_a_machine_that_lacks_something() {
    let world = World::new();
    stand_in(&world, "v5.4.9");
    world.set("DOCKER_HOST", "unix:///nowhere.sock");
    let up = world.atelier(&["up", "--platform", "k3d"]).to_string();
    // What goes before depends on the machine.
    let (_, refusal) = up.split_once("error: ").unwrap();
    insta::assert_snapshot!(refusal, @r"
    stage `preflight` of lab `one`
      caused by: this machine is not ready for a lab: `k3d` is version v5.4.9; at least 5.6.0 is needed; no Docker engine answers; tried unix:///nowhere.sock (Socket not found: /nowhere.sock)
    hint: install k3d 5.6.0 or newer from https://k3d.io, or set `tools.k3d`
    hint: start Docker (or Podman's socket), or name it with DOCKER_HOST; on Linux your user must be allowed to use the socket (group `docker`)
    hint: what stands is kept: `atelier up` goes on from here, `atelier down` removes it
    --- exit code 4
    ");
    assert_eq!(world.atelier(&["down"]).ok().code(), 0);
}
