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

#[test]
fn a_killed_process_comes_back_with_everything() {
    let kill = |world: &World| {
        let process = world.atelier(&["status", "--json"]).ok().json()["process"].to_string();
        world.run("kill", &["-9", &process]).ok();
    };
    survives(kill, "up");
}
