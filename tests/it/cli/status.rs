//! `atelier status`: what runs, in whatever state the lab is.

use serde_json::json;

use crate::platform::stand_in;
use crate::support::World;
use crate::support::engine::{Answer, EngineStandIn};
use crate::support::source::package;

#[test]
fn nothing_half_a_lab_a_running_and_a_hung_one_are_told_apart() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["status"]), @"
    $ atelier status
    no lab here
    --- stderr
    `atelier up` makes one
    --- exit code 0
    ");
    std::fs::create_dir_all(world.state().join("labs/one")).unwrap();
    insta::assert_snapshot!(world.atelier(&["status"]), @"
    $ atelier status
    --- stderr
    error: lab `one` is not complete: `<world>/state/labs/one/lab.json` is missing
    hint: `atelier up` goes on with it, `atelier down` removes what is there
    --- exit code 5
    ");
    world.atelier(&["up"]).ok();
    insta::assert_snapshot!(world.atelier(&["status"]), @"
    $ atelier status
    lab        one        workshop one
    platform   embedded   one process; no containers run
    state      running    process <pid>
    disk       registry   <size> of <size>
    kubernetes   https://127.0.0.1:<port>
    forge        http://127.0.0.1:<port>    in manifests: http://forge.atelier.internal:3000
    registry     127.0.0.1:<port>           in manifests: forge.atelier.internal:3000
    actor   dev1   Devon Dev
    actor   dev2   Dana Dev
    actor   ops    Olive Ops administrator
    stage   folder         ready
    stage   server         ready
    stage   actors         ready
    stage   repositories   ready
    stage   definitions    ready
    stage   operator       ready
    stage   receiver       ready
    --- exit code 0
    ");
    let process = world.atelier(&["status", "--json"]).ok().json()["process"].to_string();
    world.run("kill", &["-STOP", &process]).ok();
    let hung = world.atelier(&["status", "--json"]).ok().json();
    assert_eq!(hung["state"], "hung");
    assert_eq!(hung["stages"][1], serde_json::json!({"stage": "server", "state": "unknown"}));
    insta::assert_snapshot!(world.atelier(&["stop"]), @"
    $ atelier stop
    lab one is stopped; `atelier start` starts it again
    --- exit code 0
    ");
    insta::assert_snapshot!(world.atelier(&["status"]), @"
    $ atelier status
    lab        one        workshop one
    platform   embedded   one process; no containers run
    state      stopped
    disk       registry   <size> of <size>
    kubernetes   https://127.0.0.1:<port>
    forge        http://127.0.0.1:<port>    in manifests: http://forge.atelier.internal:3000
    registry     127.0.0.1:<port>           in manifests: forge.atelier.internal:3000
    actor   dev1   Devon Dev
    actor   dev2   Dana Dev
    actor   ops    Olive Ops administrator
    --- stderr
    `atelier start` starts it again, with everything in it; `atelier down` removes it
    --- exit code 0
    ");
}

#[test]
fn what_runs_is_told_when_the_workshop_is_gone() {
    let world = World::new();
    let home = |name: &str| world.home().with_file_name(name).display().to_string();
    for folder in ["scenarios", "templates"] {
        world.run("cp", &["-R", &package().join(folder).display().to_string(), &home(folder)]).ok();
    }
    world.atelier(&["up", "--scenarios", &home("scenarios")]).ok();
    std::fs::rename(home("scenarios"), home("moved")).unwrap();
    let status = world.atelier(&["status", "--json"]).ok().json();
    assert_eq!(status["state"], "running");
    let problem = format!("`{}`, where the lab's workshop was read from, is gone", home("scenarios"));
    assert_eq!(status["problem"], problem);
    insta::assert_snapshot!(world.atelier(&["rehearse", "dev2"]), @"
    $ atelier rehearse dev2
    --- stderr
    error: `<world>/scenarios`, where the lab's workshop was read from, is gone
    hint: name the folder's new place after `--scenarios`
    --- exit code 4
    ");
    world.atelier(&["up", "--scenarios", &home("moved")]).ok();
}

#[test]
fn memory_is_told_for_each_container_of_a_stand_in_for_an_engine() {
    let (engine, world) = (EngineStandIn::start(), World::new());
    stand_in(&world, "v5.8.3");
    world.set("DOCKER_HOST", &engine.address());
    engine.on("POST /networks/create", Answer::refuses(500, "not today"));
    let manifest = world.write("flux.yaml", "kind: Deployment\n").display().to_string();
    let manifest = format!("flux.manifest={manifest}");
    let up = world.atelier(&["up", "--platform", "k3d", "--set", &manifest]);
    assert_eq!(up.code(), 5, "{up}");
    let container =
        |name: &str, state: &str| json!({"Id": name, "Names": [format!("/{name}")], "State": state});
    let containers =
        json!([container("atelier-one-forge", "exited"), container("k3d-atelier-one-server-0", "running")]);
    let stats = json!({"memory_stats": {"usage": 1_000_000_000, "stats": {"inactive_file": 20_000_000}}});
    engine.on("GET /containers/json", Answer::Json(200, containers));
    engine.on("GET /containers/k3d-atelier-one-server-0/stats", Answer::Json(200, stats));
    insta::assert_snapshot!(world.atelier(&["status"]), @"
    $ atelier status
    lab        one       workshop one
    platform   k3d       a real cluster, Gitea and Flux in Docker
    state      stopped
    kubernetes   -
    forge        -   in manifests: http://forge.atelier.internal:3000
    registry     -   in manifests: forge.atelier.internal:3000
    actor   dev1   Devon Dev
    actor   dev2   Dana Dev
    actor   ops    Olive Ops administrator
    container   atelier-one-forge          stopped
    container   k3d-atelier-one-server-0   980 MB
    --- stderr
    `atelier start` starts it again, with everything in it; `atelier down` removes it
    --- exit code 0
    ");
    let memory = world.atelier(&["status", "--json"]).ok().json()["memory"].take();
    let expected = json!([{"container": "atelier-one-forge", "bytes": null},
        {"container": "k3d-atelier-one-server-0", "bytes": 980_000_000}]);
    assert_eq!(memory, expected);
    engine.on("GET /containers/json", Answer::Json(200, json!([])));
}
