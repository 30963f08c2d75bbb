//! A lab on k3d from nothing to nothing, and what may go wrong on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::support::World;

/// A world whose lab is configured as the caller's.
fn world() -> World {
    let world = World::new();
    for name in ["ATELIER_CONFIG", "DOCKER_HOST"] {
        if let Ok(value) = std::env::var(name) {
            world.set(name, &value);
        }
    }
    world
}

fn json(world: &World, arguments: &[&str]) -> Value {
    world.atelier(&[&["--json"], arguments].concat()).ok().json()
}

fn outcomes(document: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stages = document["stages"].as_array().unwrap().iter();
    stages.map(|stage| (text(&stage["stage"]), text(&stage["outcome"]))).collect()
}

/// What the engine holds of a lab, asked without the program.
fn held(world: &World, lab: &str) -> String {
    let filter = format!("label=atelier.lab={lab}");
    let kinds: [&[&str]; 3] = [&["ps", "-aq"], &["volume", "ls", "-q"], &["network", "ls", "-q"]];
    let ask = |words: &&[&str]| {
        let ran = world.run("docker", &[words, ["--filter", &filter].as_slice()].concat());
        assert_eq!(ran.code(), 0, "{ran}");
        ran.stdout().to_owned()
    };
    kinds.iter().map(ask).collect()
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn lab_comes_up_stays_and_leaves_nothing() {
    let world = world();
    let up = ["up", "--platform", "k3d", "--lab", "e2e-life"];
    let first = json(&world, &up);
    // Images may be in the engine already.
    let made = outcomes(&first).into_iter().filter(|(stage, _)| !stage.ends_with("images"));
    assert!(made.into_iter().all(|(_, outcome)| outcome == "created"), "{first:#}");
    let again = json(&world, &up);
    assert!(outcomes(&again).values().all(|outcome| outcome == "unchanged"), "{again:#}");
    assert!(again["seconds"].as_f64().unwrap() < 20.0, "{again:#}");

    let status = json(&world, &["status", "--lab", "e2e-life"]);
    assert_eq!((status["state"].as_str(), status["containers"].as_bool()), (Some("running"), Some(true)));
    assert_eq!(status["memory"].as_array().unwrap().len(), 2);

    assert_eq!(world.atelier(&["stop", "--lab", "e2e-life"]).code(), 0);
    assert_eq!(json(&world, &["status", "--lab", "e2e-life"])["state"], "stopped");
    assert_eq!(world.atelier(&["start", "--lab", "e2e-life"]).code(), 0);
    assert_eq!(json(&world, &["status", "--lab", "e2e-life"])["endpoints"], status["endpoints"]);

    let down = world.atelier(&["down", "--lab", "e2e-life"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(held(&world, "e2e-life"), "");
    assert!(!world.state().exists());
    assert_eq!(world.atelier(&["down", "--lab", "e2e-life"]).code(), 0);
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn labs_without_their_state_folder_are_found_and_removed() {
    let world = world();
    json(&world, &["up", "--platform", "k3d", "--lab", "e2e-lost"]);
    std::fs::remove_dir_all(world.state()).unwrap();
    assert_ne!(held(&world, "e2e-lost"), "");
    let down = world.atelier(&["down", "--all"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(held(&world, "e2e-lost"), "");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn up_that_is_killed_goes_on() {
    let world = world();
    let up = ["up", "--platform", "k3d", "--lab", "e2e-kill"];
    for seconds in [1_u64, 3, 5, 8, 12] {
        let program = env!("CARGO_BIN_EXE_atelier");
        let limit = seconds.to_string();
        let words = [&["--signal=KILL", &limit, program], up.as_slice()].concat();
        let ran = world.run("timeout", &words);
        assert!([0, 137].contains(&ran.code()), "{ran}");
    }
    json(&world, &up);
    let again = json(&world, &up);
    assert!(outcomes(&again).values().all(|outcome| outcome == "unchanged"), "{again:#}");
    let program = env!("CARGO_BIN_EXE_atelier");
    world.run("timeout", &["--signal=KILL", "1", program, "down", "--lab", "e2e-kill"]);
    let down = world.atelier(&["down", "--lab", "e2e-kill"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(held(&world, "e2e-kill"), "");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn push_reaches_the_cluster_and_an_image_its_node() {
    let world = world();
    let summary = json(&world, &["up", "--platform", "k3d", "--lab", "e2e-push"]);
    world.set("ATELIER_LAB", "e2e-push");
    let pushed = world.shell(
        "ops",
        "kubectl apply -f - <<'Y'\n\
         apiVersion: source.toolkit.fluxcd.io/v1\n\
         kind: GitRepository\n\
         metadata: {name: e2e, namespace: flux-system, labels: {workshop.atelier.internal/webhook: 'true'}}\n\
         spec: {interval: 1h, url: 'http://forge.atelier.internal:3000/fleet/fleet.git', ref: {branch: main}}\n\
         Y\n\
         kubectl -n flux-system wait gitrepository/e2e --for=condition=Ready --timeout=60s\n\
         git clone -q http://forge.atelier.internal:3000/fleet/fleet.git clone\n\
         cd clone && git commit -q --allow-empty -m e2e && git push -q && commit=$(git rev-parse HEAD)\n\
         kubectl -n flux-system wait gitrepository/e2e --timeout=60s \\\n\
           --for=jsonpath='{.status.artifact.revision}'=main@sha1:$commit",
    );
    assert_eq!(pushed.code(), 0, "{pushed}");

    let registry = summary["endpoints"]["registry"].as_str().unwrap();
    let image =
        std::env::var("ATELIER_E2E_IMAGE").unwrap_or_else(|_| "rancher/mirrored-pause:3.6".to_owned());
    let lines = format!(
        "export DOCKER_CONFIG=$PWD/docker\n\
         token=$(printf 'protocol=http\\nhost={registry}\\n\\n' | git credential fill | sed -n 's/^password=//p')\n\
         printf %s \"$token\" | docker login -u ops --password-stdin {registry}\n\
         docker tag {image} {registry}/fleet/e2e:1 && docker push -q {registry}/fleet/e2e:1\n\
         docker rmi -f {registry}/fleet/e2e:1\n\
         kubectl run e2e -n default --image=forge.atelier.internal:3000/fleet/e2e:1\n\
         kubectl wait -n default pod/e2e --for=condition=Ready --timeout=60s"
    );
    let ran = world.shell("ops", &lines);
    assert_eq!(ran.code(), 0, "{ran}");
    let down = world.atelier(&["down", "--force"]);
    assert_eq!(down.code(), 0, "{down}");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn busy_port_is_named_when_a_lab_starts_again() {
    let world = world();
    let summary = json(&world, &["up", "--platform", "k3d", "--lab", "e2e-port"]);
    world.set("ATELIER_LAB", "e2e-port");
    assert_eq!(world.atelier(&["stop"]).code(), 0);
    let port: u16 =
        summary["endpoints"]["registry"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let listener = loop {
        match std::net::TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => break listener,
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let start = world.atelier(&["start"]);
    assert_eq!(start.code(), 4, "{start}");
    let text = "of 127.0.0.1, which this lab's forge uses, is taken by another program";
    assert!(start.to_string().contains(text), "{start}");
    drop(listener);
    assert_eq!(world.atelier(&["start"]).code(), 0);
    assert_eq!(world.atelier(&["down"]).code(), 0);
}
