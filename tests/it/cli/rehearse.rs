//! `atelier rehearse`: the material does what it says, with git alone.

use crate::support::{World, needs};

/// The steps that the events of `--json` say are complete, in order.
fn completed(stdout: &str) -> Vec<String> {
    let events =
        serde_json::Deserializer::from_str(stdout).into_iter::<serde_json::Value>().map(Result::unwrap);
    let finished = events.filter(|event| event["event"] == "step_finished");
    finished.map(|event| event["step"].as_str().unwrap().to_owned()).collect()
}

const ALL: [&str; 7] = [
    "ops.bootstrap",
    "ops.onboard_dev2",
    "dev2.clone",
    "dev2.deploy",
    "dev2.change",
    "dev2.scale",
    "dev2.self_heal",
];

#[test]
fn dev2_is_played_with_what_it_needs_of_ops() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let ran = world.atelier(&["rehearse", "dev2", "--json"]).ok();
    let mut steps = completed(ran.stdout());
    // Steps of different tracks may take turns; those of one track may not.
    steps.sort_by_key(|step| ALL.iter().position(|known| known == step));
    assert_eq!(steps, ALL);
}
