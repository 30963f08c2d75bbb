//! `atelier stop`, `atelier start`, and the accidents that are like a stop: nothing that was acknowledged is lost.

use crate::support::{World, needs};

/// Puts an object into the cluster, calls `interrupt`, brings the lab back, and finds the object again, with the
/// same kubeconfig at the same addresses.
fn survives(interrupt: impl Fn(&World), back: &str) {
    if !needs("kubectl") {
        return;
    }
    let world = World::new();
    let before = world.atelier(&["up", "--json"]).ok().json();
    world.shell("ops", "kubectl create configmap kept --from-literal=colour=blue").ok();
    let kubeconfig = world.shell("ops", "cat \"$KUBECONFIG\"").ok();
    interrupt(&world);
    let status = world.atelier(&["status", "--json"]).ok().json();
    assert_eq!(status["state"], "stopped");
    let after = world.atelier(&[back, "--json"]).ok().json();
    assert_eq!(after["endpoints"], before["endpoints"]);
    assert_eq!(world.shell("ops", "cat \"$KUBECONFIG\"").ok().stdout(), kubeconfig.stdout());
    let kept = world.shell("ops", "kubectl get configmap kept -o jsonpath='{.data.colour}'").ok();
    assert_eq!(kept.stdout(), "blue");
}

#[test]
fn a_stop_and_a_start_keep_ports_credentials_and_data() {
    survives(|world| drop(world.atelier(&["stop"]).ok()), "start");
}

/// Kills the lab's process, and waits until it has let go of its lock: that takes a moment.
pub(super) fn kill(world: &World) {
    let process = world.atelier(&["status", "--json"]).ok().json()["process"].to_string();
    world.run("kill", &["-9", &process]).ok();
    let lock = world.state().join("labs/one/platform/process.lock");
    std::fs::File::options().write(true).open(lock).unwrap().lock().unwrap();
}

#[test]
fn a_killed_process_comes_back_with_everything() {
    survives(kill, "up");
}

#[test]
fn a_port_that_another_program_took_is_named_and_got_back() {
    let world = World::new();
    let before = world.atelier(&["up", "--json"]).ok().json();
    world.atelier(&["stop"]).ok();
    let address = before["endpoints"]["registry"].as_str().unwrap();
    let other = std::net::TcpListener::bind(address).unwrap();
    let ran = world.atelier(&["start"]).to_string();
    let (_, said) = ran.split_once("error: ").unwrap();
    insta::assert_snapshot!(said, @"
    stage `server` of lab `one`
      caused by: port <port> of 127.0.0.1, which this lab's forge uses, is taken by another program
      caused by: address in use
    hint: end the other program, or give the lab new ports with `atelier down` and `atelier up`
    hint: what stands is kept: `atelier up` goes on from here, `atelier down` removes it
    --- exit code 4
    ");
    assert_eq!(world.atelier(&["status", "--json"]).ok().json()["state"], "stopped");
    insta::assert_snapshot!(world.atelier(&["env", "dev2"]), @"
    $ atelier env dev2
    --- stderr
    error: lab `one` is stopped
    hint: `atelier start` starts it again, with everything in it
    --- exit code 5
    ");
    drop(other);
    assert_eq!(world.atelier(&["start", "--json"]).ok().json()["endpoints"], before["endpoints"]);
}

#[test]
fn stopping_twice_is_no_error() {
    let world = World::new();
    world.atelier(&["up"]).ok();
    world.atelier(&["stop"]).ok();
    insta::assert_snapshot!(world.atelier(&["stop"]), @"
    $ atelier stop
    lab one is stopped already
    --- exit code 0
    ");
}
